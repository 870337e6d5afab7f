//! Where Go's names of fields are not those of the JSON, and fields that the JSON leaves out when they are empty.

use gotmpl::Value;

use super::Document;

/// More fields than one template names.
pub const ROUNDS: usize = 8;

/// Go's name, and the name on the wire.
const NAMES: [(&str, &str); 13] = [
    ("ID", "Id"),
    ("APIVersion", "ApiVersion"),
    ("NanoCPUs", "NanoCpus"),
    ("CPUShares", "CpuShares"),
    ("CPUPeriod", "CpuPeriod"),
    ("CPUQuota", "CpuQuota"),
    ("CPURealtimePeriod", "CpuRealtimePeriod"),
    ("CPURealtimeRuntime", "CpuRealtimeRuntime"),
    ("CPUCount", "CpuCount"),
    ("CPUPercent", "CpuPercent"),
    ("DNS", "Dns"),
    ("DNSOptions", "DnsOptions"),
    ("DNSSearch", "DnsSearch"),
];

/// A field that may be left out, the objects that it stands in, and what it is then.
const OPTIONAL: [(&str, &[&str], Value); 7] = [
    ("SizeRw", &[], Value::Nil),
    ("SizeRootFs", &[], Value::Nil),
    ("Health", &["State"], Value::Nil),
    ("Healthcheck", &["Config"], Value::Nil),
    ("StopTimeout", &["Config"], Value::Nil),
    ("Init", &["HostConfig"], Value::Nil),
    ("Experimental", &["Server"], Value::Bool(false)),
];

/// The name on the wire of what Go calls `name`.
#[must_use]
pub fn wire_name(name: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(go, _)| *go == name)
        .map(|(_, wire)| *wire)
}

/// The template with the field `.name` called `.wire`.
#[must_use]
pub fn rename(template: &str, name: &str, wire: &str) -> String {
    let needle = format!(".{name}");
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(&needle) {
        let end = at + needle.len();
        let whole = !rest[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        out.push_str(&rest[..at]);
        out.push_str(if whole { "." } else { &needle });
        if whole {
            out.push_str(wire);
        }
        rest = &rest[end..];
    }
    out + rest
}

/// The document with an empty field `name`, where Go has one.
#[must_use]
pub fn with_zero(document: &Document, name: &str) -> Option<Document> {
    let (field, path, zero) = OPTIONAL.iter().find(|(field, ..)| *field == name)?;
    document.with(path, field, zero.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_changed() {
        assert_eq!(
            rename("{{.ID}} {{.IDs}} {{.A.ID}}", "ID", "Id"),
            "{{.Id}} {{.IDs}} {{.A.Id}}"
        );
    }
}
