//! `docker events`.

use clap::Args;
use drydock_api::client::Body;
use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::show::bad_template;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::{
        DOCUMENT_FORMAT,
        values::{filter, with_filters},
    },
    progress::Messages,
    text::{
        template::{Dialect, Document, Format},
        time,
    },
    tty,
};

/// `docker events`.
#[derive(Debug, Args)]
pub struct Events {
    /// Filter output based on conditions provided
    #[arg(short, long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    #[arg(long, value_name = "string", help = DOCUMENT_FORMAT, default_value = "")]
    format: String,
    /// Show all events created since timestamp
    #[arg(long, value_name = "string", default_value = "")]
    since: String,
    /// Stream events until this timestamp
    #[arg(long, value_name = "string", default_value = "")]
    until: String,
    arguments: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    status: String,
    id: String,
    from: String,
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Actor")]
    actor: Actor,
    scope: String,
    time: i64,
    #[serde(rename = "timeNano")]
    time_nano: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Attributes")]
    attributes: std::collections::BTreeMap<String, String>,
}

impl Command for Events {
    const WORDS: Words = Words {
        spellings: &["events", "system events"],
        about: "Get real time events from the server",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let template = self.template()?;
        let mut path = String::from("/events");
        let mut mark = '?';
        for (name, value) in [("since", &self.since), ("until", &self.until)] {
            if !value.is_empty() {
                let time = time::parse(value).map_err(CliError::failed)?;
                path.push_str(&format!("{mark}{name}={time}"));
                mark = '&';
            }
        }
        let path = with_filters(&path, &self.filter);
        let response = docker.request(Method::GET, &path, Body::empty()).await?;
        let mut events: Messages<Box<RawValue>> = Messages::new(response);
        while let Some(raw) = events.next().await? {
            let line = match &template {
                None if !self.format.is_empty() => raw.get().to_owned(),
                template => {
                    let event: Event = serde_json::from_str(raw.get())
                        .map_err(|error| CliError::failed(error.to_string()))?;
                    match template {
                        None => event.line(),
                        Some(template) => event.fill(template).map_err(CliError::failed)?,
                    }
                }
            };
            tty::print(&format!("{line}\n"))?;
        }
        Ok(0)
    }
}

impl Events {
    /// The user's template, tried once on an event of nothing.
    fn template(&self) -> Result<Option<Format>, CliError> {
        if matches!(self.format.as_str(), "" | "json") || self.format == "{{json .}}" {
            return Ok(None);
        }
        let dialect = Dialect {
            type_name: Some("*events.Message"),
            ..Dialect::default()
        };
        let failed = |why: String| bad_template("Error parsing format", &why);
        let template = Format::parse(&self.format, dialect).map_err(failed)?;
        Event::default().fill(&template).map_err(failed)?;
        Ok(Some(template))
    }
}

impl Event {
    /// `2026-01-02T03:04:05.000000000Z container start ID (image=busybox, name=box)`.
    fn line(&self) -> String {
        let time = match self.time_nano {
            0 => Timestamp::from_second(self.time),
            nanos => Timestamp::from_nanosecond(i128::from(nanos)),
        };
        let zoned = time
            .unwrap_or_default()
            .to_zoned(jiff::tz::TimeZone::system());
        let zone = match zoned.strftime("%:z").to_string() {
            utc if utc == "+00:00" => "Z".to_owned(),
            zone => zone,
        };
        let mut line = format!(
            "{}{zone} {} {} {}",
            zoned.strftime("%Y-%m-%dT%H:%M:%S.%9f"),
            self.kind,
            self.action,
            self.actor.id
        );
        let attributes = self.actor.attributes.iter();
        let pairs: Vec<String> = attributes.map(|(k, v)| format!("{k}={v}")).collect();
        if !pairs.is_empty() {
            line.push_str(&format!(" ({})", pairs.join(", ")));
        }
        line
    }

    fn fill(&self, template: &Format) -> Result<String, String> {
        let fields: Value = json!({
            "Status": self.status, "ID": self.id, "From": self.from,
            "Type": self.kind, "Action": self.action,
            "Actor": { "ID": self.actor.id, "Attributes": self.actor.attributes },
            "Scope": self.scope, "Time": self.time, "TimeNano": self.time_nano,
        });
        let document = Document::parse(&fields.to_string()).map_err(|error| error.to_string())?;
        template.render(&document).or_else(|why| {
            // Attributes are a map: what one event has, another lacks.
            if why.contains("at <.Actor.Attributes.") {
                template.tolerant().render(&document)
            } else {
                Err(why)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_with_its_attributes_sorted() {
        let event: Event = serde_json::from_str(
            r#"{"Type":"container","Action":"start","Actor":{"ID":"c1","Attributes":{"name":"box","image":"busybox"}},"timeNano":1795876103222888217}"#,
        )
        .unwrap();
        let line = event.line();
        assert!(
            line.ends_with(" container start c1 (image=busybox, name=box)"),
            "{line}"
        );
        assert!(line.starts_with("2026-11-2"), "{line}");
    }
}
