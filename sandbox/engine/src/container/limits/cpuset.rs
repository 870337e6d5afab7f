//! Lists of processors and memory nodes, such as `0-3,7`; cpuset(7), "List format". Pure.

use std::collections::BTreeSet;

/// Docker's own bound.
const MOST: u32 = 8192;

/// The numbers of a list. The error is Docker's words for what is wrong with it.
pub(super) fn parse(list: &str) -> Result<BTreeSet<u32>, String> {
    let wrong = || format!("invalid format: {list}");
    let mut numbers = BTreeSet::new();
    if list.is_empty() {
        return Ok(numbers);
    }
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
        let (first, last) = (number(first)?, number(last)?);
        if last > MOST {
            return Err(format!("value of out range, maximum is {MOST}"));
        }
        if first > last {
            return Err(wrong());
        }
        numbers.extend(first..=last);
    }
    Ok(numbers)
}

/// Whether all that is asked for is there.
pub(super) fn is_available(asked: &str, available: &str) -> Result<bool, String> {
    let available = parse(available)?;
    Ok(parse(asked)?.is_subset(&available))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_numbers_and_ranges() {
        assert_eq!(parse("0-2,7").unwrap(), [0, 1, 2, 7].into());
        assert!(is_available("1", "0-1").unwrap());
        assert!(!is_available("0-7", "0-1").unwrap());
    }

    #[test]
    fn mistakes_are_named_as_docker_names_them() {
        for odd in ["abc", "0-", "1-0", "0,,1", "-1"] {
            assert_eq!(parse(odd).unwrap_err(), format!("invalid format: {odd}"));
        }
        let far = parse("999999").unwrap_err();
        assert_eq!(far, "value of out range, maximum is 8192");
    }
}
