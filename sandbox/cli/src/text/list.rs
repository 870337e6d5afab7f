//! Lists: a table, JSON lines, or the user's template over rows of named fields.

use std::{collections::BTreeMap, sync::Arc};

use gotmpl::{TemplateError, Value};

use super::{
    table::{self, LIST},
    template::{Dialect, Document, Format},
};

/// What a kind of list can show.
#[derive(Debug)]
pub struct Shape {
    /// Every field and its heading.
    pub fields: &'static [(&'static str, &'static str)],
    /// The Go type that error messages name.
    pub type_name: &'static str,
}

/// One row: its fields in the order of the shape.
pub type Row = Vec<(&'static str, Value)>;

/// A text field.
pub fn text(value: impl Into<String>) -> Value {
    Value::String(value.into().into())
}

/// The row as a JSON object, its fields sorted.
#[must_use]
pub fn json(row: &Row) -> String {
    let document = Document::row(row);
    document.to_json()
}

/// The labels of a row as a field that is asked for one of them: `{{.Label "com.example.x"}}`.
#[must_use]
pub fn label(labels: Option<&BTreeMap<String, String>>) -> Value {
    let labels = labels.cloned().unwrap_or_default();
    method(move |name| labels.get(name).cloned().unwrap_or_default())
}

fn method(of: impl Fn(&str) -> String + Send + Sync + 'static) -> Value {
    Value::Function(Arc::new(move |args: &[Value]| match args {
        [name] => Ok(Value::String(of(&name.to_string()).into())),
        _ => Err(TemplateError::Exec(format!(
            "wrong number of args for Label: want 1 got {}",
            args.len()
        ))),
    }))
}

/// The heading of one label: its last word.
fn label_heading(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.replace(['-', '_'], " ")
}

/// How a list is shown when the user does not say.
#[derive(Debug, Clone, Copy)]
pub struct Defaults<'a> {
    /// The table's template.
    pub table: &'a str,
    /// The template of `--quiet`.
    pub quiet: &'a str,
    /// Only names or ids, with `--quiet`.
    pub is_quiet: bool,
}

/// Writes `rows` in the user's `format`: nothing or `table` means the default, of which the heading is made.
///
/// # Errors
/// A template's mistake, in Docker's words.
pub fn write(
    shape: &Shape,
    format: &str,
    defaults: Defaults<'_>,
    rows: &[Row],
) -> Result<String, String> {
    let (tabular, template) = match format.strip_prefix("table") {
        _ if format == "json" => (false, "{{json .}}"),
        None if !format.is_empty() => (false, format),
        Some(rest) if !rest.is_empty() => (true, rest.trim_matches(' ')),
        _ if defaults.is_quiet => (false, defaults.quiet),
        _ => (true, defaults.table),
    };
    let dialect = Dialect {
        type_name: Some(shape.type_name),
        ..Dialect::default()
    };
    let failed = |error| format!("template parsing error: {error}");
    let template = Format::parse(template, dialect).map_err(failed)?;
    let mut out = String::new();
    if tabular {
        out.push_str(&heading(shape, &template).map_err(failed)?);
    }
    for row in rows {
        out.push_str(&template.render(&Document::row(row)).map_err(failed)?);
        out.push('\n');
    }
    Ok(if tabular {
        table::align(&out, LIST)
    } else {
        out
    })
}

fn heading(shape: &Shape, template: &Format) -> Result<String, String> {
    let fields = shape.fields.iter();
    let mut heading: Row = fields
        .map(|(field, heading)| (*field, text(*heading)))
        .collect();
    heading.push(("Label", method(label_heading)));
    let line = template.headings().render(&Document::row(&heading))?;
    Ok(format!("{line}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        fields: &[("ID", "CONTAINER ID"), ("Names", "NAMES")],
        type_name: "*formatter.ContainerContext",
    };

    fn show(format: &str) -> Result<String, String> {
        let rows = vec![vec![("ID", text("0123")), ("Names", text("box"))]];
        let defaults = Defaults {
            table: "{{.ID}}\t{{.Names}}",
            quiet: "{{.ID}}",
            is_quiet: false,
        };
        write(&SHAPE, format, defaults, &rows)
    }

    #[test]
    fn a_table_has_headings_and_a_template_has_none() {
        assert_eq!(
            show("").as_deref(),
            Ok("CONTAINER ID   NAMES\n0123           box\n")
        );
        assert_eq!(
            show("table {{.Names}}\\t{{upper .ID}}").as_deref(),
            Ok("NAMES     CONTAINER ID\nbox       0123\n")
        );
        assert_eq!(show("{{.Names}}").as_deref(), Ok("box\n"));
        assert_eq!(
            show("json").as_deref(),
            Ok("{\"ID\":\"0123\",\"Names\":\"box\"}\n")
        );
        assert_eq!(
            show("{{json .}}").as_deref(),
            Ok("{\"ID\":\"0123\",\"Names\":\"box\"}\n")
        );
    }

    #[test]
    fn an_unknown_field_is_refused_in_dockers_words() {
        assert_eq!(
            show("{{.Foo}}").unwrap_err(),
            "template parsing error: template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext"
        );
    }
}
