//! Lists: a table, JSON lines, or the user's template over rows of named fields.

use gotmpl::Value;

use super::{
    json,
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

/// Writes `rows` in `format`: empty or `table` means the template `default`, of which the heading is made.
///
/// # Errors
/// A template's mistake, in Docker's words.
pub fn write(shape: &Shape, format: &str, default: &str, rows: &[Row]) -> Result<String, String> {
    if format == "json" {
        return Ok(rows.iter().map(json_line).collect());
    }
    let (tabular, template) = match format.strip_prefix("table") {
        Some(rest) if rest.trim().is_empty() => (true, default),
        Some(rest) => (true, rest.trim()),
        None if format.is_empty() => (true, default),
        None => (false, format),
    };
    let dialect = Dialect {
        type_name: Some(shape.type_name),
        ..Dialect::default()
    };
    let template = Format::parse(template, dialect)
        .map_err(|error| format!("failed to parse template: {error}"))?;
    let failed = |error| format!("failed to execute template: {error}");
    let mut out = String::new();
    if tabular {
        let heading: Row = shape
            .fields
            .iter()
            .map(|(field, heading)| (*field, text(*heading)))
            .collect();
        out.push_str(
            &template
                .headings()
                .render(&Document::row(&heading))
                .map_err(failed)?,
        );
        out.push('\n');
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

fn json_line(row: &Row) -> String {
    let mut sorted: Vec<_> = row.iter().collect();
    sorted.sort_by_key(|(field, _)| *field);
    let mut out = String::from("{");
    for (at, (field, value)) in sorted.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::push_string(&mut out, field);
        out.push(':');
        match value {
            Value::Nil => out.push_str("null"),
            other => json::push_string(&mut out, &other.to_string()),
        }
    }
    out.push_str("}\n");
    out
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
        write(&SHAPE, format, "{{.ID}}\t{{.Names}}", &rows)
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
            "failed to execute template: template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext"
        );
    }
}
