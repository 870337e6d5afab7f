//! `--restart`: whether a container that has ended runs again, and after how long. Pure.

use std::time::Duration;

use crate::wire::host_config::RestartPolicy;

/// Between runs: at first, and at most (Docker's reference, "restart policies").
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(60);

/// A run this long was no failure to start: the next pause is short again.
const LONG_RUN: Duration = Duration::from_secs(10);

/// Whether a run that ended with `code` is to be followed by another, after `restarts` of them.
pub(super) fn wants_another(policy: &RestartPolicy, code: i32, restarts: u64) -> bool {
    let most = u64::try_from(policy.maximum_retry_count).unwrap_or(0);
    match policy.name.as_str() {
        "always" | "unless-stopped" => true,
        "on-failure" => code != 0 && (most == 0 || restarts < most),
        _ => false,
    }
}

/// The pause before the next run, when the last pause was `last` and the run took `ran`.
pub(super) fn next_pause(last: Duration, ran: Duration) -> Duration {
    if ran >= LONG_RUN || last.is_zero() {
        FIRST
    } else {
        (last * 2).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str, maximum_retry_count: i64) -> RestartPolicy {
        RestartPolicy {
            name: name.into(),
            maximum_retry_count,
        }
    }

    #[test]
    fn policies_look_at_the_exit_code_and_count() {
        assert!(wants_another(&policy("always", 0), 0, 99));
        assert!(wants_another(&policy("on-failure", 0), 1, 99));
        assert!(!wants_another(&policy("on-failure", 0), 0, 0));
        assert!(wants_another(&policy("on-failure", 2), 1, 1));
        assert!(!wants_another(&policy("on-failure", 2), 1, 2));
        assert!(!wants_another(&policy("no", 0), 1, 0));
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_a_long_run_makes_them_short_again() {
        let short = Duration::from_secs(1);
        let mut pauses = vec![next_pause(Duration::ZERO, short)];
        for _ in 0..11 {
            pauses.push(next_pause(*pauses.last().unwrap_or(&FIRST), short));
        }
        let millis: Vec<_> = pauses.iter().map(Duration::as_millis).collect();
        assert_eq!(millis[..4], [100, 200, 400, 800]);
        assert_eq!(millis[9..], [51_200, 60_000, 60_000]);
        assert_eq!(next_pause(LONGEST, LONG_RUN), FIRST);
    }
}
