//! HEALTHCHECK.

use std::time::Duration;

use super::{Rules, command};
use crate::{
    dialect::Dialect,
    duration,
    error::Problem,
    flags::{Flag, Flags, Kind},
    instruction::Healthcheck,
    words,
};

const FLAGS: &[(&str, Kind)] = &[
    ("interval", Kind::Text),
    ("timeout", Kind::Text),
    ("start-period", Kind::Text),
    ("retries", Kind::Text),
    ("start-interval", Kind::Text),
];

pub(super) fn parse(
    flags: Vec<Flag>,
    rest: &str,
    rules: Rules,
) -> Result<Option<Healthcheck>, Problem> {
    let (kind, rest) = super::name(rest);
    let rest = rest.trim();
    match kind.to_uppercase().as_str() {
        "" => Err(words::at_least_one("HEALTHCHECK")),
        "NONE" if rest.is_empty() => Ok(None),
        "NONE" => Err(Problem::HealthNone),
        "CMD" => probe(flags, rest, rules).map(Some),
        kind => Err(Problem::HealthType(kind.into())),
    }
}

fn probe(flags: Vec<Flag>, rest: &str, rules: Rules) -> Result<Healthcheck, Problem> {
    let known = match rules.dialect {
        Dialect::BuildKit => FLAGS,
        Dialect::Classic => &FLAGS[..4],
    };
    let command = command(rest)?;
    let flags = Flags::check(flags, known)?;
    if command.is_empty() {
        return Err(Problem::HealthCommand);
    }
    let time = |name: &str| interval(name, flags.filled(name), rules.dialect);
    Ok(Healthcheck {
        command,
        interval: time("interval")?,
        timeout: time("timeout")?,
        start_period: time("start-period")?,
        start_interval: time("start-interval")?,
        retries: retries(flags.filled("retries"), rules.dialect)?,
    })
}

fn interval(flag: &str, value: Option<String>, dialect: Dialect) -> Result<Duration, Problem> {
    let Some(value) = value else {
        return Ok(Duration::ZERO);
    };
    let negative = value.strip_prefix('-').and_then(duration::parse);
    if negative.is_some_and(|time| !time.is_zero()) {
        return Err(Problem::ShortInterval(flag.into()));
    }
    let Some(time) = negative.or_else(|| duration::parse(&value)) else {
        return Err(Problem::Duration(duration::problem(&value)));
    };
    let zero = time.is_zero() && dialect == Dialect::BuildKit;
    if !zero && time < Duration::from_millis(1) {
        return Err(Problem::ShortInterval(flag.into()));
    }
    Ok(time)
}

fn retries(value: Option<String>, dialect: Dialect) -> Result<u32, Problem> {
    let Some(value) = value else { return Ok(0) };
    let digits = value.strip_prefix(['+', '-']).unwrap_or(&value);
    if digits.is_empty() || digits.chars().any(|c| !c.is_ascii_digit()) {
        return Err(Problem::Retries(value));
    }
    let count: i64 = value.parse().unwrap_or(i64::MAX);
    match u32::try_from(count) {
        Ok(0) if dialect == Dialect::Classic => Err(Problem::FewRetries(0)),
        Ok(count) if i32::try_from(count).is_ok() => Ok(count),
        Ok(_) => Err(Problem::ManyRetries(value)),
        Err(_) if count > 0 => Err(Problem::ManyRetries(value)),
        Err(_) => Err(Problem::FewRetries(count)),
    }
}
