//! `--blkio-weight-device`, `--device-read-bps` and their like: `/dev/sda:1mb`.

use serde_json::{Value, json};

use crate::text::size;

/// A device and its weight.
///
/// # Errors
/// Docker's words.
pub fn weight(text: &str) -> Result<Value, String> {
    let (path, value) = split(text)?;
    match value.parse::<u16>() {
        Ok(weight) if weight == 0 || (10..=1000).contains(&weight) => {
            Ok(json!({ "Path": path, "Weight": weight }))
        }
        _ => Err(format!("invalid weight for device: {text}")),
    }
}

/// A device and the bytes per second that it may move.
///
/// # Errors
/// Docker's words.
pub fn bytes(text: &str) -> Result<Value, String> {
    let (path, value) = split(text)?;
    match size::parse(value) {
        Ok(rate) if rate >= 0 => Ok(json!({ "Path": path, "Rate": rate })),
        _ => Err(format!(
            "invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
        )),
    }
}

/// A device and the operations per second that it may do.
///
/// # Errors
/// Docker's words.
pub fn operations(text: &str) -> Result<Value, String> {
    let (path, value) = split(text)?;
    let rate: u64 = value.parse().map_err(|_| {
        format!(
            "invalid rate for device: {text}. The correct format is <device-path>:<number>. Number must be a positive integer"
        )
    })?;
    Ok(json!({ "Path": path, "Rate": rate }))
}

fn split(text: &str) -> Result<(&str, &str), String> {
    let (path, value) = text
        .split_once(':')
        .filter(|(path, _)| !path.is_empty())
        .ok_or_else(|| format!("bad format: {text}"))?;
    if !path.starts_with("/dev/") {
        return Err(format!("bad format for device path: {text}"));
    }
    Ok((path, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_weights_name_a_device() {
        assert_eq!(
            bytes("/dev/sda:1mb"),
            Ok(json!({ "Path": "/dev/sda", "Rate": 1 << 20 }))
        );
        assert_eq!(
            weight("/dev/sda:5"),
            Err("invalid weight for device: /dev/sda:5".into())
        );
        assert_eq!(operations("foo"), Err("bad format: foo".into()));
        assert_eq!(
            operations("sda:1"),
            Err("bad format for device path: sda:1".into())
        );
    }
}
