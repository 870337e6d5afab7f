//! `--device SOURCE[:TARGET][:MODE]` and `--device-cgroup-rule`.

use serde_json::{Value, json};

/// What `--device` asks for.
#[derive(Debug, PartialEq)]
pub enum Device {
    /// A node of `/dev`, as the API's `DeviceMapping`.
    Mapping(Value),
    /// `vendor/class=name`: a device that a driver of its own describes (CDI).
    Qualified(String),
}

/// Reads one `--device`.
///
/// # Errors
/// Docker's words.
pub fn parse(text: &str) -> Result<Device, String> {
    if is_qualified(text) {
        return Ok(Device::Qualified(text.into()));
    }
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts.as_slice() {
        [""] | ["", _] | ["", _, _] => return Err(format!("bad format for path: {text}")),
        [source] => (*source, *source, "rwm"),
        [source, mode] if is_mode(mode) => (*source, *source, *mode),
        [source, target] => (*source, *target, "rwm"),
        [_, _, mode] if !is_mode(mode) => return Err(format!("bad mode specified: {mode}")),
        [source, target, mode] => (*source, *target, *mode),
        _ => return Err(format!("bad format for path: {text}")),
    };
    if !target.starts_with('/') {
        return Err(format!("{target} is not an absolute path"));
    }
    Ok(Device::Mapping(
        json!({ "PathOnHost": source, "PathInContainer": target, "CgroupPermissions": mode }),
    ))
}

/// Checks one `--device-cgroup-rule`: `c 1:3 rwm`.
///
/// # Errors
/// Docker's words.
pub fn rule(text: &str) -> Result<String, String> {
    let number =
        |text: &str| text == "*" || (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
    let good = match text.split(' ').collect::<Vec<_>>().as_slice() {
        [kind, numbers, access] => {
            matches!(*kind, "a" | "c" | "b")
                && numbers
                    .split_once(':')
                    .is_some_and(|(major, minor)| number(major) && number(minor))
                && (1..=3).contains(&access.len())
                && access.bytes().all(|b| b"rwm".contains(&b))
        }
        _ => false,
    };
    if good {
        Ok(text.into())
    } else {
        Err(format!("invalid device cgroup format '{text}'"))
    }
}

/// Each of the letters r, w and m once at most.
fn is_mode(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().enumerate().all(|(at, letter)| {
            b"rwm".contains(&letter) && !text.as_bytes()[..at].contains(&letter)
        })
}

/// `vendor.com/class=name`.
fn is_qualified(text: &str) -> bool {
    let word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    text.split_once('=')
        .filter(|(_, name)| !name.is_empty())
        .and_then(|(kind, _)| kind.split_once('/'))
        .is_some_and(|(vendor, class)| word(vendor) && word(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(text: &str) -> Result<[String; 3], String> {
        match parse(text)? {
            Device::Mapping(map) => Ok(["PathOnHost", "PathInContainer", "CgroupPermissions"]
                .map(|key| map[key].as_str().unwrap().to_owned())),
            Device::Qualified(name) => Err(name),
        }
    }

    #[test]
    fn a_device_is_known_by_the_same_name_inside() {
        assert_eq!(mapping("/dev/x").unwrap(), ["/dev/x", "/dev/x", "rwm"]);
        assert_eq!(mapping("/dev/x:r").unwrap(), ["/dev/x", "/dev/x", "r"]);
        assert_eq!(
            mapping("/dev/x:/dev/y:rw").unwrap(),
            ["/dev/x", "/dev/y", "rw"]
        );
        assert_eq!(
            parse("vendor.com/class=name"),
            Ok(Device::Qualified("vendor.com/class=name".into()))
        );
    }

    #[test]
    fn bad_devices_are_refused_in_dockers_words() {
        let cases = [
            ("foo", "foo is not an absolute path"),
            ("/dev/x:rwmx", "rwmx is not an absolute path"),
            ("/dev/a:/dev/b:q", "bad mode specified: q"),
            ("/a:/b:/c:d", "bad format for path: /a:/b:/c:d"),
        ];
        for (text, words) in cases {
            assert_eq!(parse(text), Err(words.to_owned()), "{text}");
        }
        assert_eq!(rule("c 1:* rw"), Ok("c 1:* rw".into()));
        assert!(rule("c 1:3").is_err());
    }
}
