//! FROM.

use super::From;
use crate::{
    error::Problem,
    flags::{Flag, Flags, Kind},
    words,
};

pub(super) fn parse(flags: Vec<Flag>, rest: &str) -> Result<From, Problem> {
    let words = words::plain(rest);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (base, name) = match words[..] {
        [base] => (base, None),
        [base, r#as, name] if r#as.eq_ignore_ascii_case("as") => (base, Some(stage_name(name)?)),
        _ => {
            return Err(Problem::Arguments {
                instruction: "FROM",
                wanted: "either one or three arguments",
            });
        }
    };
    let flags = Flags::check(flags, &[("platform", Kind::Text)])?;
    Ok(From {
        base: base.to_owned(),
        name,
        platform: flags.filled("platform"),
    })
}

fn stage_name(written: &str) -> Result<String, Problem> {
    let name = written.to_lowercase();
    let proper = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c));
    if proper {
        Ok(name)
    } else {
        Err(Problem::StageName(written.to_owned()))
    }
}
