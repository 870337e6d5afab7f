//! Go templates over JSON documents and rows, in Docker's dialect.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, LazyLock, Mutex},
};

use gotmpl::{MissingKey, Template, TemplateError, Value};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::json;

/// Fields that are Go slices or maps: their `null` prints as `[]` or `map[]`, yet encodes as `null`.
const NIL_LISTS: [&str; 6] = ["Cmd", "Entrypoint", "Env", "OnBuild", "Shell", "Binds"];
const NIL_MAPS: [&str; 4] = ["Labels", "Volumes", "ExposedPorts", "PortBindings"];

static NIL_LIST: LazyLock<Arc<[Value]>> = LazyLock::new(|| Arc::from(Vec::new()));
static NIL_MAP: LazyLock<Arc<BTreeMap<Arc<str>, Value>>> = LazyLock::new(Arc::default);

/// A JSON document as template data. Go's structs encode their fields in declared order, which the document shows:
/// it is remembered here, since template maps are sorted.
#[derive(Clone, Default)]
pub struct Document {
    value: Option<Value>,
    orders: Arc<Mutex<Orders>>,
}

/// For each set of keys, sorted, the order in which they stood.
type Orders = HashMap<Vec<Arc<str>>, Vec<Arc<str>>>;

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").finish_non_exhaustive()
    }
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn parse(raw: &str) -> Result<Self, serde_json::Error> {
        let mut orders = Orders::new();
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        let value = Node {
            key: "",
            orders: &mut orders,
        }
        .deserialize(&mut deserializer)?;
        Ok(Self {
            value: Some(value),
            orders: Arc::new(Mutex::new(orders)),
        })
    }

    /// A flat document of texts, as a row of a list is.
    #[must_use]
    pub fn row(fields: &[(&str, Value)]) -> Self {
        let map: BTreeMap<Arc<str>, Value> = fields
            .iter()
            .map(|(k, v)| (Arc::from(*k), v.clone()))
            .collect();
        Self {
            value: Some(Value::Map(Arc::new(map))),
            orders: Arc::default(),
        }
    }

    fn data(&self) -> Value {
        self.value.clone().unwrap_or(Value::Nil)
    }
}

struct Node<'a> {
    key: &'a str,
    orders: &'a mut Orders,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Int(v))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(i64::try_from(v).map_or(Value::Uint(v), Value::Int))
    }
    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Value::Float(v))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(Arc::from(v)))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(match self.key {
            key if NIL_LISTS.contains(&key) => Value::List(NIL_LIST.clone()),
            key if NIL_MAPS.contains(&key) => Value::Map(NIL_MAP.clone()),
            _ => Value::Nil,
        })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Node {
            key: "",
            orders: self.orders,
        })? {
            items.push(item);
        }
        Ok(Value::List(items.into()))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut order: Vec<Arc<str>> = Vec::new();
        let mut map = BTreeMap::new();
        while let Some(key) = access.next_key_seed(Key)? {
            let value = access.next_value_seed(Node {
                key: &key,
                orders: self.orders,
            })?;
            order.push(key.clone());
            map.insert(key, value);
        }
        self.orders.insert(map.keys().cloned().collect(), order);
        Ok(Value::Map(Arc::new(map)))
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Arc<str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Arc::from)
    }
}

/// Where a template stands, for its error messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dialect {
    /// The template's name in Go's messages.
    pub name: &'static str,
    /// The Go type that has no such field; `None` when the data is a map.
    pub type_name: Option<&'static str>,
    /// Headings: functions leave texts as they are.
    pub headings: bool,
}

/// A parsed template. Parsing again per document is cheap; holding the text lets its errors name the place.
#[derive(Debug, Clone)]
pub struct Format {
    text: String,
    dialect: Dialect,
}

impl Format {
    /// Checks `text`; `\t` and `\n` typed as two characters are taken for what they mean.
    ///
    /// # Errors
    /// Go's words.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, String> {
        let format = Self {
            text: text.replace("\\t", "\t").replace("\\n", "\n"),
            dialect,
        };
        format
            .template(&Document::default())
            .map_err(|error| format.parse_words(&error))?;
        Ok(format)
    }

    /// The same text for the heading of its table.
    #[must_use]
    pub fn headings(&self) -> Self {
        Self {
            text: self.text.clone(),
            dialect: Dialect {
                headings: true,
                ..self.dialect
            },
        }
    }

    /// Fills the template in.
    ///
    /// # Errors
    /// Go's words.
    pub fn render(&self, document: &Document) -> Result<String, String> {
        self.template(document)
            .and_then(|template| template.execute_to_string(&document.data()))
            .map_err(|error| self.execute_words(&error))
    }

    fn template(&self, document: &Document) -> Result<Template, TemplateError> {
        let template = Template::new("").missing_key(MissingKey::Error);
        functions(template, document.orders.clone(), self.dialect.headings).parse(&self.text)
    }

    fn parse_words(&self, error: &TemplateError) -> String {
        match error {
            TemplateError::Parse { line, message, .. }
            | TemplateError::Lex { line, message, .. } => {
                format!("template: {}:{line}: {message}", self.dialect.name)
            }
            other => format!("template: {}:1: {other}", self.dialect.name),
        }
    }

    fn execute_words(&self, error: &TemplateError) -> String {
        let name = self.dialect.name;
        let TemplateError::MissingKey { key } = error else {
            return format!("template: {name}:1: executing \"{name}\": {error}");
        };
        let (column, chain) = self.find_field(key);
        let reason = match self.dialect.type_name {
            Some(type_name) => format!("can't evaluate field {key} in type {type_name}"),
            None => format!("map has no entry for key \"{key}\""),
        };
        format!("template: {name}:1:{column}: executing \"{name}\" at <{chain}>: {reason}")
    }

    /// Where the template first names `key`: Go points at the last part of the chain of fields.
    fn find_field(&self, key: &str) -> (usize, String) {
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let needle = format!(".{key}");
        let found = self
            .text
            .match_indices(&needle)
            .map(|(at, _)| at)
            .find(|at| {
                !self.text[at + needle.len()..]
                    .starts_with(|c: char| c.is_alphanumeric() || c == '_')
            });
        let Some(at) = found else { return (0, needle) };
        let start = self.text[..at]
            .rfind(|c| !is_name(c))
            .map_or(0, |before| before + 1);
        let end = self.text[at..]
            .find(|c| !is_name(c))
            .map_or(self.text.len(), |len| at + len);
        let chain = &self.text[start..end];
        (start + chain.rfind('.').unwrap_or(0), chain.to_owned())
    }
}

fn functions(template: Template, orders: Arc<Mutex<Orders>>, headings: bool) -> Template {
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
            match (headings, orders.lock()) {
                (false, Ok(orders)) => write_json(value, &orders, &mut out),
                _ => out = value.to_string(),
            }
            Ok(Value::String(out.into()))
        })
        .func("lower", text(str::to_lowercase))
        .func("upper", text(str::to_uppercase))
        .func("title", text(title))
        .func("split", |args| {
            let (text, separator) = (text_at(args, 0), text_at(args, 1));
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

fn write_json(value: &Value, orders: &Orders, out: &mut String) {
    match value {
        Value::Nil | Value::Function(_) => out.push_str("null"),
        Value::String(text) => json::push_string(out, text),
        Value::List(items) if Arc::ptr_eq(items, &NIL_LIST) => out.push_str("null"),
        Value::Map(map) if Arc::ptr_eq(map, &NIL_MAP) => out.push_str("null"),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_json(item, orders, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            let sorted: Vec<Arc<str>> = map.keys().cloned().collect();
            out.push('{');
            for (at, key) in orders.get(&sorted).unwrap_or(&sorted).iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                json::push_string(out, key);
                out.push(':');
                write_json(map.get(key).unwrap_or(&Value::Nil), orders, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspect(template: &str) -> Result<String, String> {
        let document = Document::parse(
            r#"{"State":{"Status":"running","Pid":7},"Name":"/box","Config":{"Cmd":["sleep","1"],"Entrypoint":null,"Labels":{}}}"#,
        )
        .unwrap();
        Format::parse(template, Dialect::default())?.render(&document)
    }

    #[test]
    fn fields_functions_and_json_work_as_in_docker() {
        assert_eq!(
            inspect("{{.State.Status}} {{.Name}}").as_deref(),
            Ok("running /box")
        );
        assert_eq!(
            inspect("{{json .Config.Cmd}} {{join .Config.Cmd \"+\"}}").as_deref(),
            Ok(r#"["sleep","1"] sleep+1"#)
        );
        assert_eq!(
            inspect("{{.Config.Cmd}} {{.Config.Labels}}").as_deref(),
            Ok("[sleep 1] map[]")
        );
        assert_eq!(
            inspect("{{upper .State.Status}}{{len .Config.Cmd}}").as_deref(),
            Ok("RUNNING2")
        );
    }

    #[test]
    fn json_keeps_the_order_of_the_document() {
        assert_eq!(
            inspect("{{json .State}}").as_deref(),
            Ok(r#"{"Status":"running","Pid":7}"#)
        );
    }

    #[test]
    fn a_missing_list_prints_as_empty_and_encodes_as_null() {
        assert_eq!(
            inspect("{{.Config.Entrypoint}} {{json .Config.Entrypoint}}").as_deref(),
            Ok("[] null")
        );
    }

    #[test]
    fn errors_name_the_place_as_go_does() {
        assert_eq!(
            inspect("{{.Foo.Bar}}").unwrap_err(),
            "template: :1:6: executing \"\" at <.Foo.Bar>: map has no entry for key \"Foo\""
        );
        assert_eq!(inspect("{{").unwrap_err(), "template: :1: unclosed action");
    }
}
