//! `--mount type=bind,src=/a,dst=/b,readonly`: comma-separated fields.

use serde_json::{Map, Value, json};

use super::volume::absolute;
use crate::{
    flags::values,
    text::{csv, size},
};

/// Reads one `--mount` into the API's `Mount`.
///
/// # Errors
/// Docker's words.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut mount = Mount::default();
    for field in csv::fields(text)? {
        match field.split_once('=') {
            Some((key, value)) => mount.set(&key.to_ascii_lowercase(), value, &field)?,
            None => match field.to_ascii_lowercase().as_str() {
                key @ ("readonly" | "ro" | "volume-nocopy" | "bind-nonrecursive") => {
                    mount.set(key, "true", &field)?;
                }
                _ => return Err(format!("invalid field '{field}' must be a key=value pair")),
            },
        }
    }
    mount.finish()
}

/// A mount, field by field. A group of options that somebody began is there, even if it holds nothing.
#[derive(Default)]
struct Mount {
    kind: Option<String>,
    fields: Map<String, Value>,
    bind: Option<Map<String, Value>>,
    volume: Option<Map<String, Value>>,
    image: Option<Map<String, Value>>,
    tmpfs: Option<Map<String, Value>>,
}

impl Mount {
    fn set(&mut self, key: &str, value: &str, field: &str) -> Result<(), String> {
        let invalid = || format!("invalid value for {key}: {value}");
        let truth = || values::boolean(value).map_err(|_| invalid());
        let (group, name, value) = match key {
            "type" => {
                self.kind = Some(value.to_ascii_lowercase());
                return Ok(());
            }
            "source" | "src" => (&mut self.fields, "Source", json!(source(value))),
            "target" | "dst" | "destination" => (&mut self.fields, "Target", json!(value)),
            "readonly" | "ro" => (&mut self.fields, "ReadOnly", json!(truth()?)),
            "consistency" => (
                &mut self.fields,
                "Consistency",
                json!(value.to_ascii_lowercase()),
            ),
            "bind-propagation" => (
                self.bind.get_or_insert_default(),
                "Propagation",
                json!(value.to_ascii_lowercase()),
            ),
            "bind-nonrecursive" => (
                self.bind.get_or_insert_default(),
                "NonRecursive",
                json!(truth()?),
            ),
            "bind-recursive" => return self.recursive(value),
            "volume-nocopy" => (self.volume(), "NoCopy", json!(truth()?)),
            "volume-subpath" => (self.volume(), "Subpath", json!(value)),
            "volume-label" => return pair(self.volume(), &["Labels"], value),
            "volume-driver" => {
                self.volume()["DriverConfig"]["Name"] = json!(value);
                return Ok(());
            }
            "volume-opt" => return pair(self.volume(), &["DriverConfig", "Options"], value),
            "image-subpath" => (self.image.get_or_insert_default(), "Subpath", json!(value)),
            "tmpfs-size" => (
                self.tmpfs.get_or_insert_default(),
                "SizeBytes",
                json!(size::parse(value).map_err(|_| invalid())?),
            ),
            "tmpfs-mode" => (
                self.tmpfs.get_or_insert_default(),
                "Mode",
                json!(u32::from_str_radix(value, 8).map_err(|_| invalid())?),
            ),
            _ => return Err(format!("unexpected key '{key}' in '{field}'")),
        };
        // Go leaves zero values out.
        if value == json!("") || value == json!(0) || value == json!(false) {
            group.remove(name);
        } else {
            group.insert(name.into(), value);
        }
        Ok(())
    }

    fn volume(&mut self) -> &mut Map<String, Value> {
        self.volume
            .get_or_insert_with(|| Map::from_iter([("DriverConfig".to_owned(), json!({}))]))
    }

    fn recursive(&mut self, value: &str) -> Result<(), String> {
        let field = match value {
            "enabled" => return Ok(()),
            "disabled" => "NonRecursive",
            "writable" => "ReadOnlyNonRecursive",
            "readonly" => "ReadOnlyForceRecursive",
            _ => {
                return Err(format!(
                    "invalid value for bind-recursive: {value} (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")"
                ));
            }
        };
        let bind = self.bind.get_or_insert_default();
        bind.insert(field.into(), json!(true));
        Ok(())
    }

    fn finish(mut self) -> Result<Value, String> {
        let kind = self.kind.take().unwrap_or_else(|| "volume".into());
        if kind.is_empty() {
            return Err("type is required".into());
        }
        if !self.fields.contains_key("Target") {
            return Err("target is required".into());
        }
        self.check_recursion()?;
        let groups = [
            ("volume", "VolumeOptions", self.volume),
            ("image", "ImageOptions", self.image),
            ("bind", "BindOptions", self.bind),
            ("tmpfs", "TmpfsOptions", self.tmpfs),
        ];
        for (owner, field, options) in groups {
            let Some(options) = options else { continue };
            if kind != owner {
                return Err(format!(
                    "cannot mix '{owner}-*' options with mount type '{kind}'"
                ));
            }
            self.fields.insert(field.into(), Value::Object(options));
        }
        self.fields.insert("Type".into(), json!(kind));
        Ok(Value::Object(self.fields))
    }

    fn check_recursion(&self) -> Result<(), String> {
        let Some(bind) = &self.bind else {
            return Ok(());
        };
        let requires = |value: &str, other: &str| {
            Err(format!(
                "option 'bind-recursive={value}' requires '{other}' to be specified in conjunction"
            ))
        };
        let read_only = self.fields.contains_key("ReadOnly");
        if bind.contains_key("ReadOnlyNonRecursive") && !read_only {
            return requires("writable", "readonly");
        }
        if bind.contains_key("ReadOnlyForceRecursive") {
            if !read_only {
                return requires("readonly", "readonly");
            }
            if bind.get("Propagation") != Some(&json!("rprivate")) {
                return requires("readonly", "bind-propagation=rprivate");
            }
        }
        Ok(())
    }
}

/// Paths that begin with `.` are relative to here.
fn source(value: &str) -> String {
    match std::env::current_dir() {
        Ok(cwd) if value.starts_with('.') => absolute(value, &cwd),
        _ => value.into(),
    }
}

/// Puts `name=value` into the map at `path`.
fn pair(group: &mut Map<String, Value>, path: &[&str], text: &str) -> Result<(), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let mut map = group;
    for key in path {
        let inner = map.entry(*key).or_insert_with(|| json!({}));
        let Value::Object(inner) = inner else {
            return Err(format!("unexpected value of {key}"));
        };
        map = inner;
    }
    map.insert(name.into(), json!(value));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_in_both_spellings_of_their_keys() {
        let want = json!({ "Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": true });
        assert_eq!(parse("type=bind,src=/a,dst=/b,ro"), Ok(want.clone()));
        assert_eq!(
            parse("type=bind,source=/a,target=/b,readonly=true"),
            Ok(want)
        );
    }

    #[test]
    fn a_volume_is_the_default_and_options_go_where_they_belong() {
        assert_eq!(
            parse("dst=/x"),
            Ok(json!({ "Type": "volume", "Target": "/x" }))
        );
        assert_eq!(
            parse("type=tmpfs,dst=/x,tmpfs-size=1m,tmpfs-mode=1770"),
            Ok(
                json!({ "Type": "tmpfs", "Target": "/x", "TmpfsOptions": { "SizeBytes": 1 << 20, "Mode": 0o1770 } })
            )
        );
        assert_eq!(
            parse("dst=/x,\"volume-label=a=b,c\",volume-opt=o=1"),
            Ok(json!({ "Type": "volume", "Target": "/x", "VolumeOptions": {
                "Labels": { "a": "b,c" }, "DriverConfig": { "Options": { "o": "1" } },
            } }))
        );
    }

    #[test]
    fn bad_mounts_are_refused_in_dockers_words() {
        let cases = [
            ("type=bind,src=/a", "target is required"),
            ("foo", "invalid field 'foo' must be a key=value pair"),
            ("foo=bar,dst=/x", "unexpected key 'foo' in 'foo=bar'"),
            (
                "type=bind,dst=/x,tmpfs-size=1m",
                "cannot mix 'tmpfs-*' options with mount type 'bind'",
            ),
            (
                "type=bind,src=/a,dst=/b,bind-recursive=readonly",
                "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction",
            ),
        ];
        for (text, words) in cases {
            assert_eq!(parse(text), Err(words.to_owned()), "{text}");
        }
    }
}
