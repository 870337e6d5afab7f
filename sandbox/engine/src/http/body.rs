//! JSON bodies: bounded, forgiving where Go's decoder is, refused in Docker's words.

use axum::{
    body::{Body, HttpBody as _},
    extract::FromRequest,
    http::{HeaderValue, Request, header::CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::EngineError;

/// No request of Docker's own clients comes near it.
const MAX_JSON: usize = 4 << 20;

/// A request's JSON body. One that says to be something else is refused, and not read, as Docker does.
pub(crate) struct Sent<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = EngineError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, EngineError> {
        json(checked(request)?).await.map(Self)
    }
}

/// The body of a request whose content is JSON by its headers, or that has none.
pub(crate) fn checked(request: Request<Body>) -> Result<Body, EngineError> {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.map_or(&[][..], HeaderValue::as_bytes);
    let named = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    let nothing = kind.is_empty() && request.body().is_end_stream();
    if nothing || named.trim_ascii().eq_ignore_ascii_case(b"application/json") {
        return Ok(request.into_body());
    }
    let kind = String::from_utf8_lossy(kind);
    Err(EngineError::Invalid(format!(
        "Content-Type specified ({kind}) must be 'application/json'"
    )))
}

/// Reads a whole JSON body into `T`; an empty body is `T` of an empty object.
pub(crate) async fn json<T: DeserializeOwned>(body: Body) -> Result<T, EngineError> {
    parse(&bytes(body, MAX_JSON).await?)
}

/// Reads JSON as Go does: no text at all is an empty object, and `null` is any field's zero.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, EngineError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return from_value(Value::Object(serde_json::Map::new()));
    }
    let value = serde_json::from_slice(bytes).map_err(|error| bad_json(bytes, &error))?;
    from_value(value)
}

/// Reads a whole body of at most `limit` bytes.
pub(crate) async fn bytes(body: Body, limit: usize) -> Result<bytes::Bytes, EngineError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(EngineError::BodyTooLarge(limit))
        }
        Err(error) => Err(EngineError::Invalid(error.to_string())),
    }
}

fn from_value<T: DeserializeOwned>(mut value: Value) -> Result<T, EngineError> {
    strip_nulls(&mut value);
    // The whole body's `null` is the zero value too.
    if value.is_null() {
        value = Value::Object(serde_json::Map::new());
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        EngineError::Invalid(mismatch(&path, &error.into_inner().to_string()))
    })
}

/// What serde says of a value of the wrong type, as Go's decoder would say it.
fn mismatch(path: &str, reason: &str) -> String {
    let place = match path {
        "." => "Go value".into(),
        path => format!("Go struct field {path}"),
    };
    let typed = reason
        .strip_prefix("invalid type: ")
        .and_then(|rest| rest.split_once(", expected "));
    let Some((found, wanted)) = typed else {
        return format!("json: cannot unmarshal into {place}: {reason}");
    };
    let found = match found.split([' ', '`']).next().unwrap_or_default() {
        "integer" | "floating" => "number",
        "boolean" => "bool",
        "sequence" => "array",
        "map" => "object",
        other => other,
    };
    let wanted = match wanted {
        "a string" => "string",
        "a boolean" => "bool",
        "a sequence" => "[]string",
        "a map" => "map[string]string",
        "i64" | "i32" => "int64",
        "u16" | "u32" | "u64" => "uint",
        other => other.trim_start_matches("struct "),
    };
    format!("json: cannot unmarshal {found} into {place} of type {wanted}")
}

/// For Go, `null` is the zero value of any field.
fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// As Go's decoder words it: which character is wrong, or that the text ends too early.
fn bad_json(bytes: &[u8], error: &serde_json::Error) -> EngineError {
    if error.is_eof() {
        return EngineError::Invalid("unexpected EOF".into());
    }
    let line_start = bytes
        .split(|b| *b == b'\n')
        .take(error.line().saturating_sub(1))
        .map(|line| line.len() + 1)
        .sum::<usize>();
    let at = line_start + error.column().saturating_sub(1);
    let text = error.to_string();
    if text.starts_with("trailing characters") {
        return EngineError::Invalid("unexpected content after JSON".into());
    }
    let found = String::from_utf8_lossy(&bytes[at.min(bytes.len())..])
        .chars()
        .next()
        .unwrap_or(' ');
    let key = text.starts_with("key must be a string");
    let place = if key || (text.starts_with("trailing comma") && found == '}') {
        "looking for beginning of object key string"
    } else if text.starts_with("expected `:`") {
        "after object key"
    } else if text.starts_with("expected `,` or `}`") {
        "after object key:value pair"
    } else if text.starts_with("expected `,` or `]`") {
        "after array element"
    } else {
        "looking for beginning of value"
    };
    EngineError::Invalid(format!("invalid character '{found}' {place}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Sample {
        tty: bool,
        cmd: Vec<String>,
    }

    async fn read(text: &'static str) -> Result<Sample, String> {
        json(Body::from(text)).await.map_err(|e| e.to_string())
    }

    #[tokio::test]
    async fn null_and_nothing_are_zero_values() {
        assert_eq!(read("").await, Ok(Sample::default()));
        assert!(
            read(r#"{"Cmd":null,"Tty":true,"New":1}"#)
                .await
                .unwrap()
                .tty
        );
    }

    #[tokio::test]
    async fn broken_json_is_refused_in_gos_words() {
        assert_eq!(
            read("{x").await.unwrap_err(),
            "invalid character 'x' looking for beginning of object key string"
        );
        assert_eq!(
            read("x").await.unwrap_err(),
            "invalid character 'x' looking for beginning of value"
        );
        assert_eq!(
            read(r#"{"Tty":true} {}"#).await.unwrap_err(),
            "unexpected content after JSON"
        );
        assert_eq!(read("{\"Tty\":").await.unwrap_err(), "unexpected EOF");
        assert_eq!(
            read(r#"{"Tty":"yes"}"#).await.unwrap_err(),
            "json: cannot unmarshal string into Go struct field Tty of type bool"
        );
        assert_eq!(
            read(r#"{"Cmd":[5]}"#).await.unwrap_err(),
            "json: cannot unmarshal number into Go struct field Cmd[0] of type string"
        );
    }

    #[test]
    fn only_what_says_to_be_json_is_read_and_nothing_need_not_say_it() {
        let refused = |kind: Option<&str>, text: &'static str| {
            let mut request = Request::new(Body::from(text));
            if let Some(kind) = kind {
                let kind = HeaderValue::from_str(kind).unwrap();
                request.headers_mut().insert(CONTENT_TYPE, kind);
            }
            checked(request).err().map(|error| error.to_string())
        };
        let words = |kind: &str| {
            Some(format!(
                "Content-Type specified ({kind}) must be 'application/json'"
            ))
        };
        assert_eq!(refused(Some("Application/json; charset=utf-8"), "{}"), None);
        assert_eq!(refused(None, ""), None);
        assert_eq!(refused(None, "{}"), words(""));
        assert_eq!(refused(Some("text/plain"), ""), words("text/plain"));
        assert_eq!(
            refused(Some("application/jsonl"), "{}"),
            words("application/jsonl")
        );
    }

    #[tokio::test]
    async fn a_body_over_its_limit_is_refused() {
        assert!(matches!(
            bytes(Body::from(vec![b' '; 11]), 10).await,
            Err(EngineError::BodyTooLarge(10))
        ));
    }
}
