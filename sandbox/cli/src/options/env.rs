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
        for (number, line) in lines(file)?.iter().enumerate() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let name = line.split('=').next().unwrap_or_default();
            if name.is_empty() {
                return Err(format!(
                    "invalid env file ({file}): no variable name on line '{line}'"
                ));
            }
            if name.contains(char::is_whitespace) {
                return Err(format!(
                    "invalid env file ({file}): variable '{name}' contains whitespaces on line {}",
                    number + 1
                ));
            }
            // In a file, a name that has no value here is left out.
            out.extend(value_here(line).filter(|pair| pair.contains('=')));
        }
    }
    out.extend(flags.iter().filter_map(|flag| value_here(flag)));
    Ok(out)
}

fn value_here(pair: &str) -> Option<String> {
    if pair.contains('=') {
        return Some(pair.into());
    }
    Some(std::env::var(pair).map_or_else(|_| pair.into(), |value| format!("{pair}={value}")))
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
        let lines = lines(file)?;
        lines
            .iter()
            .map(|l| l.trim_start())
            .filter(|l| l.contains('=') && !l.starts_with('#'))
            .for_each(&mut add);
    }
    flags.iter().for_each(|flag| add(flag));
    Ok(out)
}

fn lines(file: &str) -> Result<Vec<String>, String> {
    let failed = |error: std::io::Error| format!("open {file}: {}", os_words(&error));
    if fs::metadata(file).map_err(failed)?.len() > MAX_FILE {
        return Err(format!("invalid env file ({file}): larger than 1 MiB"));
    }
    let text = fs::read_to_string(file).map_err(failed)?;
    Ok(text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(ToOwned::to_owned)
        .collect())
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
