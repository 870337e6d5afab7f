//! `--mount type=bind,src=/a,dst=/b,readonly`: comma-separated fields.

use serde_json::{Map, Value, json};

use super::volume::absolute;
use crate::text::size;

/// Reads one `--mount` into the API's `Mount`.
///
/// # Errors
/// Docker's words.
pub fn parse(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("value is empty".into());
    }
    let mut mount = Map::from_iter([("Type".to_owned(), json!("volume"))]);
    let (mut bind, mut volume, mut tmpfs) = (Map::new(), Map::new(), Map::new());
    for field in fields(text) {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key.to_ascii_lowercase(), Some(value)),
            None => (field.to_ascii_lowercase(), None),
        };
        let Some(value) = value else {
            match key.as_str() {
                "readonly" | "ro" => mount.insert("ReadOnly".into(), json!(true)),
                "volume-nocopy" => volume.insert("NoCopy".into(), json!(true)),
                "bind-nonrecursive" => bind.insert("NonRecursive".into(), json!(true)),
                _ => return Err(format!("invalid field '{field}' must be a key=value pair")),
            };
            continue;
        };
        let truth = || {
            crate::flags::values::boolean(value)
                .map_err(|_| format!("invalid value for {key}: {value}"))
        };
        match key.as_str() {
            "type" => mount.insert("Type".into(), json!(value.to_ascii_lowercase())),
            "source" | "src" => mount.insert("Source".into(), json!(source(value))),
            "target" | "dst" | "destination" => mount.insert("Target".into(), json!(value)),
            "readonly" | "ro" => mount.insert("ReadOnly".into(), json!(truth()?)),
            "consistency" => mount.insert("Consistency".into(), json!(value.to_ascii_lowercase())),
            "bind-propagation" => {
                bind.insert("Propagation".into(), json!(value.to_ascii_lowercase()))
            }
            "bind-nonrecursive" => bind.insert("NonRecursive".into(), json!(truth()?)),
            "volume-nocopy" => volume.insert("NoCopy".into(), json!(truth()?)),
            "volume-subpath" => volume.insert("Subpath".into(), json!(value)),
            "volume-label" => pair(&mut volume, "Labels", value),
            "volume-driver" => driver(&mut volume, "Name", json!(value)),
            "volume-opt" => {
                let (name, value) = value.split_once('=').unwrap_or((value, ""));
                driver(&mut volume, "Options", json!({ name: value }))
            }
            "tmpfs-size" => {
                let bytes =
                    size::parse(value).map_err(|_| format!("invalid value for {key}: {value}"))?;
                tmpfs.insert("SizeBytes".into(), json!(bytes))
            }
            "tmpfs-mode" => {
                let mode = u32::from_str_radix(value, 8)
                    .map_err(|_| format!("invalid value for {key}: {value}"))?;
                tmpfs.insert("Mode".into(), json!(mode))
            }
            _ => return Err(format!("unexpected key '{key}' in '{field}'")),
        };
    }
    finish(
        mount,
        [
            ("bind", "BindOptions", bind),
            ("volume", "VolumeOptions", volume),
            ("tmpfs", "TmpfsOptions", tmpfs),
        ],
    )
}

fn finish(
    mut mount: Map<String, Value>,
    options: [(&str, &str, Map<String, Value>); 3],
) -> Result<Value, String> {
    if !mount.contains_key("Target") {
        return Err("target is required".into());
    }
    let kind = mount["Type"].as_str().unwrap_or_default().to_owned();
    for (wanted, key, map) in options {
        if map.is_empty() {
            continue;
        }
        if kind != wanted {
            return Err(format!(
                "cannot mix '{wanted}-*' options with mount type '{kind}'"
            ));
        }
        mount.insert(key.into(), Value::Object(map));
    }
    Ok(Value::Object(mount))
}

/// Paths that begin with `.` are relative to here.
fn source(value: &str) -> String {
    match std::env::current_dir() {
        Ok(cwd)
            if value == "."
                || value.starts_with("./")
                || value == ".."
                || value.starts_with("../") =>
        {
            absolute(value, &cwd)
        }
        _ => value.into(),
    }
}

fn pair(map: &mut Map<String, Value>, key: &str, text: &str) -> Option<Value> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    if let Some(pairs) = map.entry(key).or_insert_with(|| json!({})).as_object_mut() {
        pairs.insert(name.into(), json!(value));
    }
    None
}

fn driver(map: &mut Map<String, Value>, key: &str, value: Value) -> Option<Value> {
    let config = map
        .entry("DriverConfig")
        .or_insert_with(|| json!({}))
        .as_object_mut()?;
    match (config.get_mut(key).and_then(Value::as_object_mut), value) {
        (Some(pairs), Value::Object(more)) => pairs.extend(more),
        (_, value) => drop(config.insert(key.into(), value)),
    }
    None
}

/// The fields of one line of CSV: a field in double quotes may hold commas.
fn fields(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let (mut quoted, mut chars) = (false, line.chars().peekable());
    while let Some(c) = chars.next() {
        let Some(field) = out.last_mut() else { break };
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            c => field.push(c),
        }
    }
    out
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
            parse("dst=/x,\"volume-label=a=b,c\""),
            Ok(
                json!({ "Type": "volume", "Target": "/x", "VolumeOptions": { "Labels": { "a": "b,c" } } })
            )
        );
    }

    #[test]
    fn bad_mounts_are_refused_in_dockers_words() {
        assert_eq!(parse("type=bind,src=/a"), Err("target is required".into()));
        assert_eq!(
            parse("foo"),
            Err("invalid field 'foo' must be a key=value pair".into())
        );
        assert_eq!(
            parse("foo=bar,dst=/x"),
            Err("unexpected key 'foo' in 'foo=bar'".into())
        );
        assert_eq!(
            parse("type=bind,dst=/x,tmpfs-size=1m"),
            Err("cannot mix 'tmpfs-*' options with mount type 'bind'".into())
        );
    }
}
