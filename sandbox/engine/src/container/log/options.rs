//! `--log-driver` and `--log-opt`: which there are, and what they mean. Pure.
//!
//! Docker refuses an unknown option when a container is created, and a bad value when it is started.

use std::{collections::BTreeMap, num::ParseIntError};

use crate::{
    error::EngineError,
    wire::{HostConfig, RunConfig, host_config::LogConfig},
};

/// Drivers of Docker's that send a log away from the machine, or to its own daemons.
const ELSEWHERE: [&str; 9] = [
    "awslogs",
    "etwlogs",
    "fluentd",
    "gcplogs",
    "gelf",
    "journald",
    "logentries",
    "splunk",
    "syslog",
];

/// Options of a driver that keeps files.
const FILES: [&str; 3] = ["compress", "max-file", "max-size"];
/// Options that choose what `docker logs --details` shows.
const DETAILS: [&str; 5] = ["env", "env-regex", "labels", "labels-regex", "tag"];

/// Files of one log at most, whatever is asked for.
const MOST_FILES: usize = 100;

/// How much of a log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of one file.
    pub bytes: u64,
    /// Files, the one that is written to among them; without any, nothing is kept.
    pub files: usize,
}

/// Refuses drivers and options that do not exist.
pub(crate) fn check(config: &LogConfig) -> Result<(), EngineError> {
    let invalid = |text: String| Err(EngineError::Invalid(text));
    let driver = config.kind.as_str();
    if ELSEWHERE.contains(&driver) {
        return Err(EngineError::Unsupported {
            what: format!("log to another machine or daemon (--log-driver {driver})"),
            next: "use json-file, local or none",
        });
    }
    if !matches!(driver, "" | "json-file" | "local" | "none") {
        return invalid(format!(
            "error looking up logging plugin {driver}: plugin \"{driver}\" not found"
        ));
    }
    let mode = config.config.get("mode").map_or("", String::as_str);
    if !matches!(mode, "" | "blocking" | "non-blocking") {
        return invalid(format!("logger: logging mode not supported: {mode}"));
    }
    if mode != "non-blocking" && config.config.contains_key("max-buffer-size") {
        return invalid(
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'".into(),
        );
    }
    for option in config.config.keys().map(String::as_str) {
        let known = matches!(option, "mode" | "max-buffer-size") || FILES.contains(&option);
        match driver {
            "none" => {}
            "local" if !known => {
                return invalid(format!("unknown log opt '{option}' for log driver local"));
            }
            "" | "json-file" if !known && !DETAILS.contains(&option) => {
                return invalid(format!(
                    "unknown log opt '{option}' for json-file log driver"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What the options say, `default` where they say nothing; else why the driver cannot begin.
pub(crate) fn limits(config: &LogConfig, default: Limits) -> Result<Limits, EngineError> {
    if config.kind == "none" {
        return Ok(Limits { bytes: 0, files: 0 });
    }
    let local = config.kind == "local";
    let wrong = |option: &str, value: &str, why: String| {
        EngineError::LogDriver(if local {
            format!("invalid value for {option}: {value}: {why}")
        } else {
            why
        })
    };
    let mut limits = default;
    let size = config.config.get("max-size");
    if let Some(text) = size {
        let unit = if local { 1024 } else { 1000 };
        limits.bytes = size_of(text, unit)
            .ok_or_else(|| wrong("max-size", text, format!("invalid size: '{text}'")))?;
        if limits.bytes == 0 {
            return Err(EngineError::LogDriver(
                "max-size must be a positive number".into(),
            ));
        }
        // As in Docker: a size alone keeps one file, of `local` five.
        limits.files = if local { 5 } else { 1 };
    }
    if let Some(text) = config.config.get("max-file") {
        let files: i64 = text.parse().map_err(|_: ParseIntError| {
            let why = format!("strconv.Atoi: parsing {text:?}: invalid syntax");
            wrong("max-file", text, why)
        })?;
        if files < 1 {
            return Err(EngineError::LogDriver(
                "max-file cannot be less than 1".into(),
            ));
        }
        if size.is_some() {
            limits.files = usize::try_from(files).unwrap_or(MOST_FILES).min(MOST_FILES);
        }
    }
    let compress = config
        .config
        .get("compress")
        .is_some_and(|text| text == "true");
    if compress && !local && (limits.files < 2 || size.is_none()) {
        return Err(EngineError::LogDriver(
            "compress cannot be true when max-file is less than 2 or max-size is not set".into(),
        ));
    }
    Ok(limits)
}

/// `10m`, `1.5kb`, `512`: a number and a unit, of powers of `unit`.
fn size_of(text: &str, unit: u64) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let number_end = lower
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(lower.len());
    let (number, suffix) = lower.split_at(number_end);
    let suffix = suffix.strip_prefix(' ').unwrap_or(suffix);
    let suffix = suffix.strip_suffix('b').unwrap_or(suffix);
    let suffix = suffix.strip_suffix('i').unwrap_or(suffix);
    let power = match suffix {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * (unit.pow(power) as f64);
    Some(bytes as u64)
}

/// What `docker logs --details` puts before each line: chosen labels and variables, as a query's values.
pub(crate) fn details(name: &str, config: &RunConfig, host: &HostConfig) -> String {
    let option = |key: &str| host.log_config.config.get(key).map_or("", String::as_str);
    let mut chosen = BTreeMap::new();
    let labels = config.labels.iter().flatten();
    let labels: Vec<_> = labels.map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let env = config.env.iter().flatten();
    let env: Vec<_> = env.filter_map(|pair| pair.split_once('=')).collect();
    for (pairs, names, pattern) in [
        (labels, option("labels"), option("labels-regex")),
        (env, option("env"), option("env-regex")),
    ] {
        let pattern = (!pattern.is_empty())
            .then(|| regex_lite::Regex::new(pattern).ok())
            .flatten();
        let wanted = |key: &str| {
            names.split(',').any(|name| name == key)
                || pattern
                    .as_ref()
                    .is_some_and(|pattern| pattern.is_match(key))
        };
        chosen.extend(pairs.into_iter().filter(|(key, _)| wanted(key)));
    }
    let tag = option("tag")
        .replace("{{.Name}}", name)
        .replace("{{.ImageName}}", &config.image);
    if !tag.is_empty() {
        chosen.insert("tag", &tag);
    }
    let pair = |(key, value): (&&str, &&str)| format!("{}={}", escape(key), escape(value));
    chosen.iter().map(pair).collect::<Vec<_>>().join(",")
}

/// As Go's `url.QueryEscape`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const DEFAULT: Limits = Limits {
        bytes: 1 << 20,
        files: 2,
    };

    fn config(kind: &str, options: &[(&str, &str)]) -> LogConfig {
        let options = options.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        LogConfig {
            kind: kind.into(),
            config: options.collect(),
        }
    }

    #[test]
    fn unknown_drivers_and_options_are_refused_in_dockers_words() {
        let said = |kind, options: &[_]| check(&config(kind, options)).unwrap_err().to_string();
        assert_eq!(
            said("json-file", &[("colour", "red")]),
            "unknown log opt 'colour' for json-file log driver"
        );
        assert_eq!(
            said("local", &[("tag", "x")]),
            "unknown log opt 'tag' for log driver local"
        );
        assert!(said("nosuch", &[]).ends_with("plugin \"nosuch\" not found"));
        assert!(said("syslog", &[]).contains("--log-driver syslog"));
        assert!(check(&config("none", &[("x", "y")])).is_ok());
    }

    #[test]
    fn sizes_and_numbers_of_files_are_what_the_options_say() {
        let read = |kind, options: &[_]| limits(&config(kind, options), DEFAULT);
        let of = |bytes, files| Limits { bytes, files };
        assert_eq!(read("", &[]).unwrap(), DEFAULT);
        assert_eq!(read("", &[("max-size", "10k")]).unwrap(), of(10_000, 1));
        assert_eq!(
            read("local", &[("max-size", "1.5k"), ("max-file", "3")]).unwrap(),
            of(1536, 3)
        );
        assert_eq!(read("none", &[]).unwrap(), of(0, 0));
        let said = |options: &[_]| read("json-file", options).unwrap_err().to_string();
        assert_eq!(
            said(&[("max-size", "abc")]),
            "failed to initialize logging driver: invalid size: 'abc'"
        );
        assert!(said(&[("max-file", "0")]).ends_with("max-file cannot be less than 1"));
        assert!(
            said(&[("max-file", "x")]).ends_with("strconv.Atoi: parsing \"x\": invalid syntax")
        );
    }

    #[test]
    fn details_are_the_chosen_labels_and_variables() {
        let run = RunConfig {
            labels: Some(
                [("a", "1"), ("b c", "2&3"), ("z", "")]
                    .map(|(k, v)| (k.into(), v.into()))
                    .into(),
            ),
            env: Some(vec!["E=v".into(), "F=w".into()]),
            ..RunConfig::default()
        };
        let host = HostConfig {
            log_config: config(
                "",
                &[
                    ("labels", "a,b c"),
                    ("env-regex", "^E$"),
                    ("tag", "t-{{.Name}}"),
                ],
            ),
            ..HostConfig::default()
        };
        assert_eq!(details("web", &run, &host), "E=v,a=1,b+c=2%263,tag=t-web");
    }
}
