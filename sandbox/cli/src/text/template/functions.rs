//! The functions that Docker adds to Go's templates.

use std::sync::{Arc, Mutex};

use gotmpl::{Template, TemplateError, Value};

use super::document::{Escapes, Orders, holds_texts, is_nil, write_json};

/// Adds them; in a table's headings they leave texts as they are.
pub fn add(
    template: Template,
    orders: Arc<Mutex<Orders>>,
    escapes: Escapes,
    headings: bool,
) -> Template {
    let text = |f: fn(&str) -> String| {
        move |args: &[Value]| {
            let text = args.first().map(ToString::to_string).unwrap_or_default();
            Ok(Value::String(if headings { text } else { f(&text) }.into()))
        }
    };
    template
        .func("json", move |args| {
            let value = args.first().unwrap_or(&Value::Nil);
            let mut out = String::new();
            if let (false, Ok(orders)) = (headings, orders.lock()) {
                write_json(value, &orders, escapes, &mut out);
            }
            Ok(Value::String(out.into()))
        })
        .func("index", index)
        .func("lower", text(str::to_lowercase))
        .func("upper", text(str::to_uppercase))
        .func("title", text(title))
        .func("split", move |args| {
            let (text, separator) = (text_at(args, 0), text_at(args, 1));
            if headings {
                return Ok(Value::String(text.into()));
            }
            let parts: Vec<Value> = text
                .split(&separator)
                .map(|p| Value::String(p.into()))
                .collect();
            Ok(Value::List(parts.into()))
        })
        .func("join", |args| {
            let separator = text_at(args, 1);
            let joined = match args.first() {
                Some(Value::List(items)) => items
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(&separator),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            Ok(Value::String(joined.into()))
        })
        .func("pad", |args| {
            let spaces = |at| {
                args.get(at)
                    .and_then(Value::as_int)
                    .and_then(|n| usize::try_from(n).ok())
                    .unwrap_or(0)
            };
            let (before, after) = (spaces(1).min(1024), spaces(2).min(1024));
            Ok(Value::String(
                format!(
                    "{}{}{}",
                    " ".repeat(before),
                    text_at(args, 0),
                    " ".repeat(after)
                )
                .into(),
            ))
        })
        .func("truncate", move |args| {
            let text = text_at(args, 0);
            let width = args
                .get(1)
                .and_then(Value::as_int)
                .and_then(|n| usize::try_from(n).ok());
            Ok(Value::String(match width {
                Some(width) if !headings => text.chars().take(width).collect::<String>().into(),
                _ => text.into(),
            }))
        })
}

/// What [`index`] begins its complaints with.
pub const INDEX_FAILED: &str = "error calling index: ";

/// Go's `index`: what a map of texts lacks is the empty text.
fn index(args: &[Value]) -> Result<Value, TemplateError> {
    let wrong = |why: String| Err(TemplateError::Exec(format!("{INDEX_FAILED}{why}")));
    let [value, keys @ ..] = args else {
        return Err(TemplateError::Exec(
            "wrong number of args for index: want at least 1 got 0".into(),
        ));
    };
    keys.iter().try_fold(value.clone(), |value, key| {
        if is_nil(&value) {
            return wrong("index of untyped nil".into());
        }
        match (&value, key) {
            (Value::List(items), Value::Int(at)) => match usize::try_from(*at) {
                // Go looks whether there is such a place by two rules.
                Ok(at) if at == items.len() => wrong("reflect: slice index out of range".into()),
                Ok(at) if at < items.len() => Ok(items[at].clone()),
                _ => wrong(format!("index out of range: {at}")),
            },
            (Value::List(_), key) => wrong(format!(
                "cannot index slice/array with type {}",
                key.type_name()
            )),
            (Value::Map(_), key) if !matches!(key, Value::String(_)) => wrong(format!(
                "value has type {}; should be string",
                key.type_name()
            )),
            _ => Ok(match value.index(key)? {
                Value::Nil if holds_texts(&value) => Value::String("".into()),
                found => found,
            }),
        }
    })
}

fn text_at(args: &[Value], at: usize) -> String {
    args.get(at).map(ToString::to_string).unwrap_or_default()
}

fn title(text: &str) -> String {
    let mut word = false;
    text.chars()
        .map(|c| {
            let first = !word && c.is_alphabetic();
            word = c.is_alphanumeric();
            if first {
                c.to_uppercase().next().unwrap_or(c)
            } else {
                c
            }
        })
        .collect()
}
