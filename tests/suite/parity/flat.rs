//! JSON as lines of `path = value`, which are easier to compare, and to name, than their layout.

use serde_json::Value;

/// Flattens a JSON text, or a JSON text per line; what is neither stays as it is.
pub fn flatten(text: &str) -> String {
    if let Ok(value) = serde_json::from_str(text) {
        return lines(&value);
    }
    let mut flat = String::new();
    for line in text.lines() {
        match serde_json::from_str(line) {
            Ok(value) => flat.push_str(&lines(&value)),
            Err(_) => {
                flat.push_str(line);
                flat.push('\n');
            }
        }
    }
    flat
}

fn lines(value: &Value) -> String {
    let mut lines = String::new();
    walk("", value, &mut lines);
    lines
}

/// Objects by their keys in order, since JSON gives their order no meaning.
fn walk(path: &str, value: &Value, lines: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            for name in names {
                let below = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                walk(&below, &fields[name], lines);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                walk(&format!("{path}[{number}]"), item, lines);
            }
        }
        leaf => lines.push_str(&format!("{path} = {leaf}\n")),
    }
}

#[test]
fn json_becomes_paths_and_null_is_not_empty() {
    assert_eq!(
        flatten("[{\"b\": [1, null], \"a\": {}, \"c\": []}]"),
        "[0].a = {}\n[0].b[0] = 1\n[0].b[1] = null\n[0].c = []\n"
    );
    assert_eq!(
        flatten("{\"a\":1}\nplain\n{\"a\":2}\n"),
        "a = 1\nplain\na = 2\n"
    );
}
