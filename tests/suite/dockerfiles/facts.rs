//! An image, or a refusal, as lines that two builders must have in common.
//!
//! Left out, since no two builds agree in them: times of this run (`now`), ids, and what else [`DROPPED`] names.
//! What the base image has already is not told again.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::image::{File, Image};
use crate::parity::base::Base;

/// Fields of an image's config that are not compared, and why.
const DROPPED: &[(&str, &str)] = &[
    ("created", "a time"),
    (
        "container",
        "the id of the classic builder's last container",
    ),
    (
        "container_config",
        "that container's: newer daemons leave it out",
    ),
    ("docker_version", "the daemon's"),
    (
        "rootfs",
        "digests of layers, whose files are compared one by one",
    ),
    ("history", "compared line by line"),
    (
        "moby.buildkit.buildinfo.v1",
        "ids of the sources, of BuildKit of those years",
    ),
    ("moby.buildkit.cache.v0", "the inline cache of BuildKit"),
];
/// And of what it says of containers.
const DROPPED_BELOW: &[(&str, &str)] = &[
    ("Hostname", "the classic builder's container's"),
    ("Image", "the id of the step before"),
];

/// What the comparison is made with.
pub struct Lens<'a> {
    pub base: &'a Base,
    /// When the run began: later times are `now`.
    pub begun: u64,
}

impl Lens<'_> {
    pub fn image(&self, image: &Image) -> Vec<String> {
        let ids = image.config["rootfs"]["diff_ids"].as_array().unwrap();
        let on_base = ids.first() == Some(&Value::from(format!("sha256:{}", self.base.ids[1])));
        let skipped = usize::from(on_base);
        let mut lines = vec![format!(
            "base {}",
            if on_base { "busybox" } else { "scratch" }
        )];
        let below = if on_base {
            self.base.config()
        } else {
            Value::Null
        };
        lines.extend(config(&image.config, &below));
        lines.extend(history(&image.config, &below));
        for layer in &image.layers[skipped..] {
            lines.push("layer".into());
            let mut files: Vec<String> = layer.iter().map(|file| self.file(file)).collect();
            files.sort();
            lines.extend(files.into_iter().map(|file| format!("  {file}")));
        }
        lines
    }

    /// `path kind mode owner time content`, with what there is of these.
    fn file(&self, file: &File) -> String {
        let path = word(&file.path);
        if let Some(path) = whiteout(&path) {
            return path;
        }
        let time = self.time(file.mtime);
        let head = format!("{:o} {}:{} {time}", file.mode, file.uid, file.gid);
        let mut line = match file.kind {
            tar::EntryType::Directory => format!("{path} dir {head}"),
            tar::EntryType::Symlink => {
                let link = word(&file.link);
                format!("{path} symlink {}:{} {time} {link}", file.uid, file.gid)
            }
            tar::EntryType::Link => format!("{path} link {}", word(&file.link)),
            tar::EntryType::Regular => format!("{path} file {head} {}", content(&file.content)),
            kind => format!("{path} {kind:?} {head} {},{}", file.device.0, file.device.1),
        };
        for (name, value) in &file.xattrs {
            let value: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            line += &format!(" {name}={value}");
        }
        line
    }

    fn time(&self, mtime: u64) -> String {
        if mtime >= self.begun {
            return "now".into();
        }
        date(mtime)
    }
}

/// `2020-01-02T03:04:05`.
fn date(seconds: u64) -> String {
    let time = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn whiteout(path: &str) -> Option<String> {
    let (folder, name) = match path.rsplit_once('/') {
        Some((folder, name)) => (format!("{folder}/"), name),
        None => (String::new(), path),
    };
    match name.strip_prefix(".wh.")? {
        ".wh..opq" => Some(format!("{folder} opaque")),
        name => Some(format!("{folder}{name} deleted")),
    }
}

/// Short text as it is, all else by size and digest.
fn content(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| text.len() <= 80);
    match text {
        Some(text) => format!("{text:?}"),
        None => {
            let digest = Sha256::digest(bytes);
            let digest: String = digest[..8]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("{} bytes {digest}", bytes.len())
        }
    }
}

/// A path as one word.
fn word(path: &[u8]) -> String {
    let text: String = path.iter().map(|&byte| char::from(byte)).collect();
    let plain = text.chars().all(|c| c.is_ascii_graphic());
    let text = if plain {
        text
    } else {
        text.escape_default().to_string().replace(' ', "\\x20")
    };
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

/// The fields in which the image's config differs from its base's; what only the base has is `-`.
fn config(config: &Value, below: &Value) -> Vec<String> {
    let mut lines = fields("", config, below);
    lines.extend(fields("config.", &config["config"], &below["config"]));
    lines
}

fn fields(prefix: &str, values: &Value, below: &Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let (values, below) = (
        values.as_object().unwrap_or(&empty),
        below.as_object().unwrap_or(&empty),
    );
    let dropped = if prefix.is_empty() {
        DROPPED
    } else {
        DROPPED_BELOW
    };
    let mut names: Vec<&String> = values.keys().chain(below.keys()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| !dropped.iter().any(|(dropped, _)| dropped == name));
    names.retain(|name| !(prefix.is_empty() && *name == "config"));
    let mut lines = Vec::new();
    for name in names {
        let absent = Value::Null;
        let (value, below) = (
            values.get(name).unwrap_or(&absent),
            below.get(name).unwrap_or(&absent),
        );
        // Go's empty values: absent, null and empty say the same to every reader of images.
        if value == below || (is_empty(value) && is_empty(below)) {
            continue;
        }
        if is_empty(value) {
            lines.push(format!("{prefix}{name} -"));
        } else {
            lines.push(format!("{prefix}{name} {value}"));
        }
    }
    lines
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
    }
}

fn history(config: &Value, below: &Value) -> Vec<String> {
    let of = |config: &Value| config["history"].as_array().cloned().unwrap_or_default();
    let (all, below) = (of(config), of(below));
    let mut lines = Vec::new();
    if all.len() < below.len() || all[..below.len()] != below[..] {
        lines.push(format!("the base's history is not its own: {all:?}"));
    }
    for entry in all.iter().skip(below.len()) {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let made = if entry["empty_layer"] == true {
            "empty"
        } else {
            "layer"
        };
        let command = without_digest(text("created_by"));
        let mut line = format!("history {made} {command:?}");
        for name in ["comment", "author"] {
            if !text(name).is_empty() {
                line += &format!(" {name}={:?}", text(name));
            }
        }
        lines.push(line);
    }
    lines
}

/// The classic builder tells what it copied by a digest of its own making.
fn without_digest(command: &str) -> String {
    let mut text = command.to_owned();
    for kind in ["file:", "dir:", "multi:"] {
        let Some(at) = text.find(kind).map(|at| at + kind.len()) else {
            continue;
        };
        let digits = text[at..].bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits == 64 {
            text.replace_range(at..at + digits, "<digest>");
        }
    }
    text
}

#[test]
fn digests_in_the_history_are_left_out() {
    let digest = "0".repeat(64);
    let command = format!("#(nop) COPY file:{digest} in /file:x ");
    assert_eq!(
        without_digest(&command),
        "#(nop) COPY file:<digest> in /file:x "
    );
    assert_eq!(without_digest("COPY dir:0 /"), "COPY dir:0 /");
}

#[test]
fn whiteouts_are_deletions() {
    assert_eq!(whiteout("etc/.wh.passwd").unwrap(), "etc/passwd deleted");
    assert_eq!(whiteout(".wh.etc").unwrap(), "etc deleted");
    assert_eq!(whiteout("app/.wh..wh..opq").unwrap(), "app/ opaque");
    assert_eq!(whiteout("app/file"), None);
}
