//! Go templates over JSON documents and rows, in Docker's dialect.
//!
//! - [`document`]: JSON as template data, and back.
//! - [`functions`]: `json`, `join`, `upper` and the others.
//! - [`scan`]: what must be seen before parsing.
//! - [`typed_fields`]: the names that Go knows fields by.

mod document;
mod functions;
mod scan;
mod typed_fields;

use gotmpl::{MissingKey, Template, TemplateError};

pub use document::Document;

/// Where a template stands, for its error messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dialect {
    /// The template's name in Go's messages.
    pub name: &'static str,
    /// The Go type that has no such field; `None` when the data is a map.
    pub type_name: Option<&'static str>,
    /// Headings: functions leave texts as they are.
    pub headings: bool,
    /// What is missing is `<no value>`, as in a Go map.
    pub tolerant: bool,
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
        let name = dialect.name;
        scan::check(&format.text).map_err(|why| format!("template: {name}:1: {why}"))?;
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

    /// The same text for data that may lack what it names.
    #[must_use]
    pub fn tolerant(&self) -> Self {
        Self {
            text: self.text.clone(),
            dialect: Dialect {
                tolerant: true,
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

    /// Fills the template in as Docker does with what it knows the Go types of: a field may be called by its Go name,
    /// and one that is left out when it is empty is `<nil>`.
    ///
    /// # Errors
    /// Go's words.
    pub fn render_typed(&self, document: &Document) -> Result<String, String> {
        let mut document = document.clone();
        let mut typed = self.clone();
        // Each round mends one field; no template has more of them than this.
        for _ in 0..typed_fields::ROUNDS {
            let error = match typed
                .template(&document)
                .and_then(|template| template.execute_to_string(&document.data()))
            {
                // What is null is a pointer in Go, and that is how Go prints it.
                Ok(text) => return Ok(text.replace("<no value>", "<nil>")),
                Err(error) => error,
            };
            let TemplateError::MissingKey { key } = &error else {
                break;
            };
            if let Some(wire) = typed_fields::wire_name(key) {
                typed.text = typed_fields::rename(&typed.text, key, wire);
            } else if let Some(mended) = typed_fields::with_zero(&document, key) {
                document = mended;
            } else {
                break;
            }
        }
        self.render(&document)
    }

    fn template(&self, document: &Document) -> Result<Template, TemplateError> {
        let missing = if self.dialect.headings || self.dialect.tolerant {
            MissingKey::Invalid
        } else {
            MissingKey::Error
        };
        let template = Template::new("").missing_key(missing);
        functions::add(
            template,
            document.orders.clone(),
            document.escapes,
            self.dialect.headings,
        )
        .parse(&scan::with_calls(&self.text))
    }

    fn parse_words(&self, error: &TemplateError) -> String {
        match error {
            TemplateError::Parse { line, message, .. }
            | TemplateError::Lex { line, message, .. } => {
                let message = match message.as_str() {
                    "empty command" => self.empty_action(),
                    message => go_words(message),
                };
                format!("template: {}:{line}: {message}", self.dialect.name)
            }
            other => format!("template: {}:1: {other}", self.dialect.name),
        }
    }

    fn execute_words(&self, error: &TemplateError) -> String {
        let name = self.dialect.name;
        let TemplateError::MissingKey { key } = error else {
            let Some((call, why)) = failed_call(error) else {
                return format!("template: {name}:1: executing \"{name}\": {error}");
            };
            let (column, call) = self.find_call(call);
            return format!("template: {name}:1:{column}: executing \"{name}\" at <{call}>: {why}");
        };
        let (column, chain) = self.find_field(key);
        let reason = match self.dialect.type_name {
            Some(type_name) => format!("can't evaluate field {key} in type {type_name}"),
            None => format!("map has no entry for key \"{key}\""),
        };
        format!("template: {name}:1:{column}: executing \"{name}\" at <{chain}>: {reason}")
    }

    /// What Go says of an action that lacks what it is about.
    fn empty_action(&self) -> String {
        let bare = self.text.replace([' ', '-'], "");
        let keyword = ["if", "range", "with"]
            .into_iter()
            .find(|keyword| bare.contains(&format!("{{{{{keyword}}}}}")));
        match keyword {
            Some(keyword) => format!("missing value for {keyword}"),
            None => "missing value for command".into(),
        }
    }

    /// Where the template first calls `function`, and the call; a method is named without its arguments.
    fn find_call(&self, function: &str) -> (usize, String) {
        let Some(at) = self.text.find(function) else {
            return (0, function.into());
        };
        let call = &self.text[at..];
        let mut open = 0usize;
        let end = call.find(|c| match c {
            '(' => {
                open += 1;
                false
            }
            ')' if open > 0 => {
                open -= 1;
                false
            }
            c => matches!(c, '}' | '|' | ')'),
        });
        let end = end.unwrap_or(call.len());
        let call = match function.starts_with('.') {
            true => function,
            false => call[..end].trim_end(),
        };
        (at, call.to_owned())
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
        let start = self.text[..at].trim_end_matches(is_name).len();
        let end = self.text[at..]
            .find(|c| !is_name(c))
            .map_or(self.text.len(), |len| at + len);
        let chain = &self.text[start..end];
        (start + chain.rfind('.').unwrap_or(0), chain.to_owned())
    }
}

/// The function that failed, and what Go says of it.
fn failed_call(error: &TemplateError) -> Option<(&'static str, String)> {
    match error {
        TemplateError::Exec(why) if why.starts_with(functions::INDEX_FAILED) => {
            Some(("index", why.clone()))
        }
        TemplateError::Exec(why) if why.starts_with("wrong number of args for Label") => {
            Some((".Label", why.clone()))
        }
        _ => None,
    }
}

/// The library's message as Go has it.
fn go_words(message: &str) -> String {
    if let Some(c) = message
        .strip_prefix("unexpected character: '")
        .and_then(|rest| rest.chars().next())
    {
        return format!("bad character U+{:04X} '{c}'", u32::from(c));
    }
    message.replace("unterminated string", "unterminated quoted string")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspect(template: &str) -> Result<String, String> {
        let document = Document::parse(
            r#"{"State":{"Status":"running","Pid":7},"Name":"/box","Config":{"Cmd":["sleep","1"],"Entrypoint":null,"Labels":{},"ExposedPorts":{}}}"#,
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
    fn fields_have_their_go_names_too_and_some_may_be_left_out() {
        let document = Document::parse(r#"{"Id":"x","State":{"Status":"running"}}"#).unwrap();
        let typed = |text: &str| {
            Format::parse(text, Dialect::default()).and_then(|f| f.render_typed(&document))
        };
        assert_eq!(
            typed("{{.ID}} {{.Id}} {{.SizeRw}}").as_deref(),
            Ok("x x <nil>")
        );
        assert_eq!(
            typed("{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}").as_deref(),
            Ok("none")
        );
        assert_eq!(
            typed("{{.State.Foo}}").unwrap_err(),
            "template: :1:8: executing \"\" at <.State.Foo>: map has no entry for key \"Foo\""
        );
    }

    #[test]
    fn a_label_that_is_missing_is_empty() {
        assert_eq!(
            inspect("[{{index .Config.Labels \"no\"}}]").as_deref(),
            Ok("[]")
        );
    }

    #[test]
    fn an_index_out_of_range_is_named_as_go_does() {
        for (template, why) in [
            (
                "{{index .Config.Cmd 2}}",
                "reflect: slice index out of range",
            ),
            ("{{index .Config.Entrypoint 0}}", "index of untyped nil"),
            (
                "{{index .Config.Cmd \"a\"}}",
                "cannot index slice/array with type string",
            ),
            (
                "{{index (index .Config.ExposedPorts \"80/tcp\") 0}}",
                "index of untyped nil",
            ),
        ] {
            let call = template.trim_matches(['{', '}']);
            assert_eq!(
                inspect(template).unwrap_err(),
                format!("template: :1:2: executing \"\" at <{call}>: error calling index: {why}")
            );
        }
        assert_eq!(
            inspect("{{index .Config.Cmd 9}}").unwrap_err(),
            "template: :1:2: executing \"\" at <index .Config.Cmd 9>: error calling index: index out of range: 9"
        );
        assert_eq!(
            inspect("{{if}}").unwrap_err(),
            "template: :1: missing value for if"
        );
    }

    #[test]
    fn an_images_configuration_has_no_empty_fields() {
        let document = Document::parse(
            r#"{"RootFS":{},"Config":{"Tty":false,"User":"","Env":["A=1"],"Cmd":["sh"],"Labels":null}}"#,
        )
        .unwrap()
        .as_image()
        .unwrap();
        let format = Format::parse("{{json .Config}}", Dialect::default()).unwrap();
        assert_eq!(
            format.render_typed(&document).as_deref(),
            Ok(r#"{"Env":["A=1"],"Cmd":["sh"]}"#)
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
