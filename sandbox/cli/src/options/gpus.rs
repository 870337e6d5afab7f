//! `--gpus`: `all`, a number, or comma-separated fields.

use serde_json::{Map, Value, json};

use crate::{flags::values, text::csv};

/// Reads one `--gpus` into the API's `DeviceRequest`.
///
/// # Errors
/// Docker's words.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut request = Map::from_iter([
        ("Driver".to_owned(), json!("")),
        ("DeviceIDs".to_owned(), Value::Null),
        ("Capabilities".to_owned(), json!([["gpu"]])),
        ("Options".to_owned(), json!({})),
    ]);
    let mut seen: Vec<String> = Vec::new();
    for field in csv::fields(text)? {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value)),
            None => (field.clone(), None),
        };
        if seen.contains(&key) {
            return Err(format!(
                "gpu request key '{key}' can be specified only once"
            ));
        }
        seen.push(key.clone());
        let list = || value.unwrap_or_default().split(',').collect::<Vec<_>>();
        match (key.as_str(), value) {
            (number, None) => request.insert("Count".into(), count(number)?),
            ("count", Some(number)) => request.insert("Count".into(), count(number)?),
            ("driver", Some(driver)) => request.insert("Driver".into(), json!(driver)),
            ("device", Some(_)) => request.insert("DeviceIDs".into(), json!(list())),
            ("capabilities", Some(_)) => {
                let mut wanted = list();
                wanted.push("gpu");
                request.insert("Capabilities".into(), json!([wanted]))
            }
            ("options", Some(options)) => {
                request.insert("Options".into(), pairs(&csv::fields(options)?))
            }
            _ => return Err(format!("unexpected key '{key}' in '{field}'")),
        };
    }
    let otherwise = i64::from(request["DeviceIDs"].is_null());
    request.entry("Count").or_insert(json!(otherwise));
    Ok(Value::Object(request))
}

fn count(text: &str) -> Result<Value, String> {
    if text == "all" {
        return Ok(json!(-1));
    }
    values::decimal(text)
        .map(|count| json!(count))
        .map_err(|_| {
            format!(
                "invalid count ({text}): value must be either \"all\" or an integer: invalid syntax"
            )
        })
}

fn pairs(fields: &[String]) -> Value {
    fields
        .iter()
        .map(|field| field.split_once('=').unwrap_or((field, "")))
        .map(|(key, value)| (key.to_owned(), json!(value)))
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_number_or_names_devices() {
        let short = |text: &str| {
            let request = parse(text).unwrap();
            (request["Count"].clone(), request["DeviceIDs"].clone())
        };
        assert_eq!(short("all"), (json!(-1), Value::Null));
        assert_eq!(short("2"), (json!(2), Value::Null));
        assert_eq!(short("driver=nvidia"), (json!(1), Value::Null));
        assert_eq!(short("\"device=1,2\""), (json!(0), json!(["1", "2"])));
        assert_eq!(
            parse("foo=bar"),
            Err("unexpected key 'foo' in 'foo=bar'".into())
        );
    }
}
