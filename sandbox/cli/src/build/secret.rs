//! `--secret`: what steps may read and no layer keeps.

use std::{env, fs::File, io::Read as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{error::os_words, text::csv};

/// The largest secret, as BuildKit has it.
const MAX_SECRET: u64 = 500 * 1024;

/// `id=NAME[,src=FILE|,env=VARIABLE]`: its id and its value, base64.
///
/// # Errors
/// In buildx's words.
pub fn parse(value: &str) -> Result<(String, String), String> {
    let (mut id, mut source, mut kind) = (None, None, None);
    for field in csv::fields(value)? {
        let (key, value) = field
            .split_once('=')
            .ok_or_else(|| format!("invalid field '{field}' must be a key=value pair"))?;
        match key.trim().to_ascii_lowercase().as_str() {
            "type" if value != "file" && value != "env" => {
                return Err(format!("unsupported secret type {value:?}"));
            }
            "type" => kind = Some(value.to_owned()),
            "id" => id = Some(value.to_owned()),
            "source" | "src" => source = Some(value.to_owned()),
            "env" => {
                source = Some(value.to_owned());
                kind = Some("env".into());
            }
            key => return Err(format!("unexpected key '{key}' in '{field}'")),
        }
    }
    let id = id
        .filter(|id| !id.is_empty())
        .ok_or("secret missing required field 'id'")?;
    let named = source.clone().unwrap_or_else(|| id.clone());
    // Without a source, a variable of that name comes before a file of it.
    let from_environment = match kind.as_deref() {
        Some("env") => true,
        Some(_) => false,
        None => source.is_none() && env::var_os(&id).is_some(),
    };
    let bytes = if from_environment {
        env::var_os(&named)
            .map(|value| value.into_encoded_bytes())
            .unwrap_or_default()
    } else {
        read(&named)?
    };
    if bytes.len() as u64 > MAX_SECRET {
        return Err(format!(
            "invalid secret {id}: it is larger than {MAX_SECRET} bytes"
        ));
    }
    Ok((id, STANDARD.encode(bytes)))
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    let failed =
        |error: std::io::Error| format!("failed to stat {path}: stat {path}: {}", os_words(&error));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SECRET + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_a_file_or_a_variable() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("s");
        std::fs::write(&file, "hush").unwrap();
        let of_file = parse(&format!("id=a,src={}", file.display()));
        assert_eq!(of_file, Ok(("a".into(), "aHVzaA==".into())));
        let path = env::var("PATH").unwrap();
        assert_eq!(
            parse("id=b,env=PATH"),
            Ok(("b".into(), STANDARD.encode(path)))
        );
    }

    #[test]
    fn mistakes_are_told_in_buildx_words() {
        let words = |value| parse(value).unwrap_err();
        assert_eq!(words("src=a"), "secret missing required field 'id'");
        assert_eq!(words("id"), "invalid field 'id' must be a key=value pair");
        assert_eq!(words("id=a,foo=b"), "unexpected key 'foo' in 'foo=b'");
        assert_eq!(
            words("id=a,src=/nosuch"),
            "failed to stat /nosuch: stat /nosuch: no such file or directory"
        );
    }
}
