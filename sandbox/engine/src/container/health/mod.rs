//! Health checks, as `HEALTHCHECK` and `docker run --health-*` ask for them.
//!
//! - [`plan`]: what is run and how often. [`probe`]: one check, run as an exec. [`monitor`]: all checks of one run.
//!
//! Here is what is remembered of them, and the rule by which results become a status.

pub(crate) mod monitor;
pub(crate) mod plan;
mod probe;

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

use self::plan::Plan;
use crate::{
    clock,
    wire::container::{HealthInfo, HealthLog},
};

/// Results that are remembered, as in Docker.
const KEPT: usize = 5;

/// What the last checks have shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HealthStatus {
    Starting,
    Healthy,
    Unhealthy,
}

impl HealthStatus {
    /// Docker's word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProbeResult {
    pub start: Timestamp,
    pub end: Timestamp,
    /// -1 when the check could not be run, or took too long.
    pub exit_code: i32,
    pub output: String,
}

/// A container's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Health {
    status: HealthStatus,
    failing_streak: i64,
    log: VecDeque<ProbeResult>,
}

impl Health {
    /// At the start of a run; results of an earlier one stay, as in Docker.
    pub(crate) fn starting(earlier: Option<&Self>) -> Self {
        Self {
            status: HealthStatus::Starting,
            failing_streak: 0,
            log: earlier.map(|health| health.log.clone()).unwrap_or_default(),
        }
    }

    pub(crate) fn status(&self) -> HealthStatus {
        self.status
    }

    /// Nobody checks any more: for Docker that is unhealthy, though no event says so.
    pub(crate) fn unwatched(&mut self) {
        self.status = HealthStatus::Unhealthy;
    }

    /// Takes a result that came `since_start` after the run began; answers with the status if that has changed.
    /// Failures within the start period do not count until the first success.
    pub(crate) fn record(
        &mut self,
        result: ProbeResult,
        plan: &Plan,
        since_start: Duration,
    ) -> Option<HealthStatus> {
        let before = self.status;
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        let forgiven = before == HealthStatus::Starting && since_start < plan.start_period;
        if result.exit_code == 0 {
            self.failing_streak = 0;
            self.status = HealthStatus::Healthy;
        } else if !forgiven {
            self.failing_streak += 1;
            if self.failing_streak >= plan.retries {
                self.status = HealthStatus::Unhealthy;
            }
        }
        self.log.push_back(result);
        (self.status != before).then_some(self.status)
    }

    /// `State.Health` of `inspect`.
    pub(crate) fn info(&self) -> HealthInfo {
        let line = |result: &ProbeResult| HealthLog {
            start: clock::rfc3339(result.start),
            end: clock::rfc3339(result.end),
            exit_code: result.exit_code,
            output: result.output.clone(),
        };
        HealthInfo {
            status: self.status.as_str(),
            failing_streak: self.failing_streak,
            log: self.log.iter().map(line).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(start_period: u64) -> Plan {
        Plan {
            start_period: Duration::from_secs(start_period),
            retries: 2,
            ..Plan::of(
                vec!["true".into()],
                &drydock_image::config::Healthcheck::default(),
            )
        }
    }

    fn result(exit_code: i32) -> ProbeResult {
        ProbeResult {
            start: Timestamp::UNIX_EPOCH,
            end: Timestamp::UNIX_EPOCH,
            exit_code,
            output: String::new(),
        }
    }

    #[test]
    fn as_many_failures_in_a_row_as_retries_are_unhealthy() {
        let (mut health, plan) = (Health::starting(None), plan(0));
        let now = Duration::from_secs(1);
        assert_eq!(health.record(result(1), &plan, now), None);
        assert_eq!(
            health.record(result(0), &plan, now),
            Some(HealthStatus::Healthy)
        );
        assert_eq!(health.record(result(1), &plan, now), None);
        assert_eq!(
            health.record(result(-1), &plan, now),
            Some(HealthStatus::Unhealthy)
        );
        assert_eq!(health.record(result(1), &plan, now), None);
        assert_eq!(health.info().failing_streak, 3);
    }

    #[test]
    fn failures_within_the_start_period_do_not_count_before_the_first_success() {
        let (mut health, plan) = (Health::starting(None), plan(10));
        let early = Duration::from_secs(5);
        for _ in 0..5 {
            assert_eq!(health.record(result(1), &plan, early), None);
        }
        assert_eq!(
            health.record(result(0), &plan, early),
            Some(HealthStatus::Healthy)
        );
        assert_eq!(health.record(result(1), &plan, early), None);
        assert_eq!(
            health.record(result(1), &plan, early),
            Some(HealthStatus::Unhealthy)
        );
    }

    #[test]
    fn only_the_last_results_are_remembered() {
        let (mut health, plan) = (Health::starting(None), plan(0));
        for code in 0..9 {
            health.record(result(code), &plan, Duration::ZERO);
        }
        let codes: Vec<_> = health
            .info()
            .log
            .iter()
            .map(|line| line.exit_code)
            .collect();
        assert_eq!(codes, [4, 5, 6, 7, 8]);
    }
}
