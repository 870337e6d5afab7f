//! `-v`: `[SOURCE:]TARGET[:MODE]`.

use std::path::Path;

/// What one `-v` asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Volume {
    /// A new volume without a name at this path.
    Anonymous(String),
    /// A bind, or a named volume: `source:target[:mode]`, the source absolute when it is a path.
    Bind(String),
}

/// Reads one `-v`; paths that begin with `.` are relative to `cwd`.
///
/// # Errors
/// Docker's words.
pub fn parse(text: &str, cwd: &Path) -> Result<Volume, String> {
    if text.is_empty() {
        return Err("invalid empty volume spec".into());
    }
    let empty = text != ":" && text.split(':').any(str::is_empty);
    if empty {
        return Err(format!(
            "invalid spec: {text}: empty section between colons"
        ));
    }
    match text.split_once(':') {
        None => Ok(Volume::Anonymous(text.into())),
        _ if text == ":" => Ok(Volume::Anonymous(text.into())),
        Some((source, rest)) if source.starts_with('.') => {
            Ok(Volume::Bind(format!("{}:{rest}", absolute(source, cwd))))
        }
        Some(_) => Ok(Volume::Bind(text.into())),
    }
}

/// `cwd/path` without `.` and `..`, as Go's `filepath.Abs`: by text alone.
#[must_use]
pub fn absolute(path: &str, cwd: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let cwd = cwd.to_string_lossy();
    let whole = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{cwd}/{path}")
    };
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(text: &str) -> Result<Volume, String> {
        parse(text, Path::new("/home/me"))
    }

    #[test]
    fn a_path_alone_is_an_anonymous_volume() {
        assert_eq!(volume("/data"), Ok(Volume::Anonymous("/data".into())));
    }

    #[test]
    fn relative_sources_are_made_absolute_and_names_are_not() {
        assert_eq!(
            volume("./src:/app:ro"),
            Ok(Volume::Bind("/home/me/src:/app:ro".into()))
        );
        assert_eq!(volume("../x:/app"), Ok(Volume::Bind("/home/x:/app".into())));
        assert_eq!(volume(".:/app"), Ok(Volume::Bind("/home/me:/app".into())));
        assert_eq!(volume("data:/app"), Ok(Volume::Bind("data:/app".into())));
    }

    #[test]
    fn bad_specs_are_refused_in_dockers_words() {
        assert_eq!(
            volume("/a:"),
            Err("invalid spec: /a:: empty section between colons".into())
        );
        assert_eq!(volume(""), Err("invalid empty volume spec".into()));
        assert_eq!(
            volume(":/b"),
            Err("invalid spec: :/b: empty section between colons".into())
        );
    }
}
