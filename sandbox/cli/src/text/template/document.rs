//! JSON as template data, and back.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, LazyLock, Mutex},
};

use gotmpl::Value;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::text::json;

/// Fields that are Go slices or maps: their `null` prints as `[]` or `map[]`, yet encodes as `null`.
const NIL_LISTS: [&str; 6] = ["Cmd", "Entrypoint", "Env", "OnBuild", "Shell", "Binds"];
const NIL_MAPS: [&str; 4] = ["Labels", "Volumes", "ExposedPorts", "PortBindings"];

/// Maps of something else than texts, which an empty one does not show.
const OBJECT_MAPS: [&str; 4] = ["ExposedPorts", "Networks", "PortBindings", "Ports"];

/// What Docker knows of an image's configuration; empty fields are left out of it.
const IMAGE_CONFIG: [&str; 13] = [
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
    "ArgsEscaped",
    "Healthcheck",
    "OnBuild",
    "Shell",
];

static NIL_LIST: LazyLock<Arc<[Value]>> = LazyLock::new(|| Arc::from(Vec::new()));
static NIL_MAP: LazyLock<Arc<BTreeMap<Arc<str>, Value>>> = LazyLock::new(Arc::default);
static NO_OBJECTS: LazyLock<Arc<BTreeMap<Arc<str>, Value>>> = LazyLock::new(Arc::default);

/// A JSON document as template data. Go's structs encode their fields in declared order, which the document shows:
/// it is remembered here, since template maps are sorted.
#[derive(Clone, Default)]
pub struct Document {
    value: Option<Value>,
    pub(super) orders: Arc<Mutex<Orders>>,
    pub(super) escapes: Escapes,
}

/// Whether `<`, `>` and `&` are escaped in JSON: Docker's rows encode themselves and escape them, documents do not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Escapes {
    /// They stay.
    #[default]
    Plain,
    /// They are escaped.
    Html,
}

/// For each set of keys, sorted, the order in which they stood.
pub type Orders = HashMap<Vec<Arc<str>>, Vec<Arc<str>>>;

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
            escapes: Escapes::Plain,
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
            escapes: Escapes::Html,
        }
    }

    /// The document with one more field, empty, in the object at `path`; `None` when that is not there or has it.
    #[must_use]
    pub(super) fn with(&self, path: &[&str], field: &str, zero: Value) -> Option<Self> {
        Some(Self {
            value: Some(put(self.value.as_ref()?, path, field, zero)?),
            orders: self.orders.clone(),
            escapes: self.escapes,
        })
    }

    /// An image's document as Docker's types have it; `None` of anything else.
    #[must_use]
    pub fn as_image(&self) -> Option<Self> {
        let Some(Value::Map(map)) = &self.value else {
            return None;
        };
        let Some(Value::Map(config)) = map.get("Config").filter(|_| map.contains_key("RootFS"))
        else {
            return None;
        };
        let kept: BTreeMap<Arc<str>, Value> = config
            .iter()
            .filter(|(key, value)| IMAGE_CONFIG.contains(&key.as_ref()) && !is_empty(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let keys = |map: &BTreeMap<Arc<str>, Value>| map.keys().cloned().collect::<Vec<_>>();
        if let Ok(mut orders) = self.orders.lock()
            && let Some(mut order) = orders.get(&keys(config)).cloned()
        {
            order.retain(|key| kept.contains_key(key));
            orders.insert(keys(&kept), order);
        }
        let mut map = BTreeMap::clone(map);
        map.insert("Config".into(), Value::Map(Arc::new(kept)));
        Some(Self {
            value: Some(Value::Map(Arc::new(map))),
            orders: self.orders.clone(),
            escapes: self.escapes,
        })
    }

    /// The document as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        if let Ok(orders) = self.orders.lock() {
            write_json(&self.data(), &orders, self.escapes, &mut out);
        }
        out
    }

    pub(super) fn data(&self) -> Value {
        self.value.clone().unwrap_or(Value::Nil)
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Nil | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

/// Whether a value stands for `null`.
pub(super) fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(items) => Arc::ptr_eq(items, &NIL_LIST),
        _ => false,
    }
}

/// Whether what a map lacks is an empty text, as in a map of texts, and not nothing at all.
pub(super) fn holds_texts(value: &Value) -> bool {
    let Value::Map(map) = value else { return false };
    !Arc::ptr_eq(map, &NO_OBJECTS) && map.values().all(|v| matches!(v, Value::String(_)))
}

fn put(value: &Value, path: &[&str], field: &str, zero: Value) -> Option<Value> {
    let Value::Map(map) = value else { return None };
    let mut map = BTreeMap::clone(map);
    match path.split_first() {
        None if map.contains_key(field) => return None,
        None => drop(map.insert(field.into(), zero)),
        Some((first, rest)) => {
            let inner = put(map.get(*first)?, rest, field, zero)?;
            map.insert((*first).into(), inner);
        }
    }
    Some(Value::Map(Arc::new(map)))
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
        if map.is_empty() && OBJECT_MAPS.contains(&self.key) {
            return Ok(Value::Map(NO_OBJECTS.clone()));
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

/// Writes a value as Go does, its fields in the order of the document.
pub fn write_json(value: &Value, orders: &Orders, escapes: Escapes, out: &mut String) {
    match value {
        Value::Nil | Value::Function(_) => out.push_str("null"),
        Value::String(text) => push_string(out, text, escapes),
        Value::List(items) if Arc::ptr_eq(items, &NIL_LIST) => out.push_str("null"),
        Value::Map(map) if Arc::ptr_eq(map, &NIL_MAP) => out.push_str("null"),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_json(item, orders, escapes, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            let sorted: Vec<Arc<str>> = map.keys().cloned().collect();
            let keys = orders.get(&sorted).unwrap_or(&sorted).iter();
            let fields = keys.filter(|key| !matches!(map.get(*key), Some(Value::Function(_))));
            out.push('{');
            for (at, key) in fields.enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_string(out, key, escapes);
                out.push(':');
                write_json(map.get(key).unwrap_or(&Value::Nil), orders, escapes, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn push_string(out: &mut String, text: &str, escapes: Escapes) {
    let from = out.len();
    json::push_string(out, text);
    if escapes == Escapes::Plain && out[from..].contains("\\u00") {
        let plain = json::without_html_escapes(&out[from..]);
        out.truncate(from);
        out.push_str(&plain);
    }
}
