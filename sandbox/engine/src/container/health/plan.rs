//! What a health check runs, and how often. Pure.

use std::time::Duration;

use drydock_image::config::{Healthcheck, RunConfig};

use super::HealthStatus;
use crate::error::EngineError;

/// Docker's defaults (`docker run --help`, Dockerfile reference).
const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const START_INTERVAL: Duration = Duration::from_secs(5);
const RETRIES: i64 = 3;

/// Nanoseconds of the shortest time that may be asked for.
const SHORTEST: i64 = 1_000_000;

/// What is run, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub argv: Vec<String>,
    pub interval: Duration,
    pub timeout: Duration,
    pub start_period: Duration,
    /// Instead of `interval` within the start period, until the first success (API 1.44).
    pub start_interval: Duration,
    pub retries: i64,
}

impl Plan {
    /// The checks that a container asks for, if any.
    pub(crate) fn new(config: &RunConfig) -> Option<Self> {
        let check = config.healthcheck.as_ref()?;
        let (kind, words) = check.test.as_deref()?.split_first()?;
        let argv = match kind.as_str() {
            "CMD" => words.to_vec(),
            "CMD-SHELL" => shell(config).into_iter().chain(words.to_vec()).collect(),
            _ => return None,
        };
        Some(Self::of(argv, check))
    }

    /// With Docker's defaults for what is not said.
    pub(super) fn of(argv: Vec<String>, check: &Healthcheck) -> Self {
        let or = |nanos: i64, default: Duration| match u64::try_from(nanos) {
            Ok(nanos @ 1..) => Duration::from_nanos(nanos),
            Ok(0) | Err(_) => default,
        };
        Self {
            argv,
            interval: or(check.interval, INTERVAL),
            timeout: or(check.timeout, TIMEOUT),
            start_period: or(check.start_period, Duration::ZERO),
            start_interval: or(check.start_interval, START_INTERVAL),
            retries: if check.retries > 0 {
                check.retries
            } else {
                RETRIES
            },
        }
    }

    /// How long to wait before the next check.
    pub(crate) fn pause(&self, status: HealthStatus, since_start: Duration) -> Duration {
        if status == HealthStatus::Starting && since_start < self.start_period {
            self.start_interval
        } else {
            self.interval
        }
    }
}

fn shell(config: &RunConfig) -> Vec<String> {
    match config.shell.as_deref() {
        Some(words) if !words.is_empty() => words.to_vec(),
        _ => ["/bin/sh", "-c"].map(Into::into).into(),
    }
}

/// Fills in from the image's check what the request's leaves open.
pub(crate) fn merge(user: &mut Option<Healthcheck>, image: Option<&Healthcheck>) {
    let Some(image) = image else { return };
    let Some(user) = user else {
        *user = Some(image.clone());
        return;
    };
    if user.test.as_ref().is_none_or(Vec::is_empty) {
        user.test.clone_from(&image.test);
    }
    for (own, inherited) in [
        (&mut user.interval, image.interval),
        (&mut user.timeout, image.timeout),
        (&mut user.start_period, image.start_period),
        (&mut user.start_interval, image.start_interval),
        (&mut user.retries, image.retries),
    ] {
        if *own == 0 {
            *own = inherited;
        }
    }
}

/// Refuses times and numbers that Docker refuses.
pub(crate) fn check(asked: &Healthcheck) -> Result<(), EngineError> {
    let times = [
        ("Interval", asked.interval),
        ("Timeout", asked.timeout),
        ("StartPeriod", asked.start_period),
        ("StartInterval", asked.start_interval),
    ];
    if let Some((name, _)) = times
        .iter()
        .find(|(_, nanos)| *nanos != 0 && *nanos < SHORTEST)
    {
        return Err(EngineError::Invalid(format!(
            "{name} in Healthcheck cannot be less than 1ms"
        )));
    }
    if asked.retries < 0 {
        return Err(EngineError::Invalid(
            "Retries in Healthcheck cannot be negative".into(),
        ));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn config(test: &[&str]) -> RunConfig {
        RunConfig {
            healthcheck: Some(Healthcheck {
                test: Some(test.iter().map(|word| (*word).to_owned()).collect()),
                ..Healthcheck::default()
            }),
            ..RunConfig::default()
        }
    }

    #[test]
    fn a_check_is_a_command_or_goes_through_the_shell() {
        assert_eq!(
            Plan::new(&config(&["CMD", "a", "b"])).unwrap().argv,
            ["a", "b"]
        );
        let mut through = config(&["CMD-SHELL", "a b"]);
        assert_eq!(Plan::new(&through).unwrap().argv, ["/bin/sh", "-c", "a b"]);
        through.shell = Some(vec!["ash".into(), "-ec".into()]);
        assert_eq!(Plan::new(&through).unwrap().argv, ["ash", "-ec", "a b"]);
        assert_eq!(Plan::new(&config(&["NONE"])), None);
        assert_eq!(Plan::new(&config(&[])), None);
    }

    #[test]
    fn the_start_interval_holds_until_the_first_success() {
        let plan = Plan {
            start_period: Duration::from_secs(60),
            ..Plan::new(&config(&["CMD", "a"])).unwrap()
        };
        let early = Duration::from_secs(1);
        assert_eq!(plan.pause(HealthStatus::Starting, early), START_INTERVAL);
        assert_eq!(plan.pause(HealthStatus::Healthy, early), INTERVAL);
        assert_eq!(
            plan.pause(HealthStatus::Starting, Duration::from_secs(60)),
            INTERVAL
        );
    }

    #[test]
    fn flags_go_before_the_image_one_by_one() {
        let image = Healthcheck {
            test: Some(vec!["CMD".into(), "x".into()]),
            interval: 5,
            retries: 7,
            ..Healthcheck::default()
        };
        let mut user = Some(Healthcheck {
            interval: 9,
            ..Healthcheck::default()
        });
        merge(&mut user, Some(&image));
        let merged = user.unwrap();
        assert_eq!(
            (merged.interval, merged.retries, merged.test),
            (9, 7, image.test)
        );
    }

    #[test]
    fn times_below_a_millisecond_are_refused() {
        let short = Healthcheck {
            start_interval: 5,
            ..Healthcheck::default()
        };
        assert_eq!(
            check(&short).unwrap_err().to_string(),
            "StartInterval in Healthcheck cannot be less than 1ms"
        );
        assert!(
            check(&Healthcheck {
                retries: -1,
                ..Healthcheck::default()
            })
            .is_err()
        );
        assert!(check(&Healthcheck::default()).is_ok());
    }
}
