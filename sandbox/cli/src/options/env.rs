//! Variables and labels, from flags and from files.

use std::{collections::BTreeMap, fs};

use crate::error::os_words;

/// The largest file of variables that is read.
const MAX_FILE: u64 = 1024 * 1024;

/// The variables of the files, then those of the flags. A name without `=` takes the value it has here.
///
/// # Errors
/// Docker's words.
pub fn variables(files: &[String], flags: &[String]) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    for file in files {
        // In a file, a name that has no value here is left out.
        let pairs = entries(file)?.into_iter().map(|pair| value_here(&pair));
        out.extend(pairs.filter(|pair| pair.contains('=')));
    }
    let from_files = out.len();
    for flag in flags {
        let pair = value_here(flag);
        let same = |other: &&mut String| name(other) == name(&pair);
        match out[from_files..].iter_mut().find(same) {
            Some(earlier) => *earlier = pair,
            None => out.push(pair),
        }
    }
    Ok(out)
}

fn name(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default()
}

fn value_here(pair: &str) -> String {
    if pair.contains('=') {
        return pair.into();
    }
    std::env::var(pair).map_or_else(|_| pair.into(), |value| format!("{pair}={value}"))
}

/// The labels of the files and the flags.
///
/// # Errors
/// Docker's words.
pub fn labels(files: &[String], flags: &[String]) -> Result<BTreeMap<String, String>, String> {
    let mut out = BTreeMap::new();
    let mut add = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        out.insert(name.to_owned(), value.to_owned());
    };
    for file in files {
        let entries = entries(file)?;
        let pairs = entries.iter().filter(|entry| entry.contains('='));
        pairs.for_each(|pair| add(pair));
    }
    flags.iter().for_each(|flag| add(flag));
    Ok(out)
}

/// The lines of a file that say something.
fn entries(file: &str) -> Result<Vec<String>, String> {
    let bad = |why: String| format!("invalid env file ({file}): {why}");
    let text = read(file)?;
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    let mut out = Vec::new();
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Ok(text) = std::str::from_utf8(line) else {
            let bytes: Vec<String> = line.iter().map(ToString::to_string).collect();
            return Err(bad(format!(
                "invalid utf8 bytes at line {}: [{}]",
                number + 1,
                bytes.join(" ")
            )));
        };
        let entry = text.trim_start();
        if entry.is_empty() || entry.starts_with('#') {
            continue;
        }
        match name(entry) {
            "" => return Err(bad(format!("no variable name on line '{entry}'"))),
            name if name.contains(char::is_whitespace) => {
                return Err(bad(format!("variable '{name}' contains whitespaces")));
            }
            _ => out.push(entry.to_owned()),
        }
    }
    Ok(out)
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("open {file}: {}", os_words(&error));
    let known = fs::metadata(file).map_err(failed)?;
    if known.is_dir() {
        return Err(format!(
            "invalid env file ({file}): read {file}: is a directory"
        ));
    }
    if known.len() > MAX_FILE {
        return Err(format!("invalid env file ({file}): larger than 1 MiB"));
    }
    fs::read(file).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_before_flags_and_comments_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("env");
        fs::write(&file, "# comment\nA=1\n\nDRYDOCK_TEST_NOT_SET\nB=x y\n").unwrap();
        let file = file.to_string_lossy().into_owned();
        assert_eq!(
            variables(&[file], &["A=2".into()]),
            Ok(vec!["A=1".into(), "B=x y".into(), "A=2".into()])
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = variables(&["/nonexistent/env".into()], &[]).unwrap_err();
        assert_eq!(error, "open /nonexistent/env: no such file or directory");
    }

    #[test]
    fn a_label_without_value_is_empty() {
        let labels = labels(&[], &["a".into(), "b=c=d".into()]).unwrap();
        assert_eq!(
            labels,
            BTreeMap::from([("a".into(), String::new()), ("b".into(), "c=d".into())])
        );
    }
}
