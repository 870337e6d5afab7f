//! How often one learner, or one address, may ask for costly things.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

use crate::{error::Refusal, learner::LearnerId};

/// A learner's sandboxes: a few quickly, then one in three seconds.
const STARTS: (u32, Duration) = (10, Duration::from_secs(3));
/// A learner's checks: a few quickly, then one a second.
const CHECKS: (u32, Duration) = (10, Duration::from_secs(1));
/// Both, of one address: a class behind one router may start together, and cookies are free.
const ADDRESS: (u32, Duration) = (300, Duration::from_millis(50));

/// The counters.
#[derive(Debug)]
pub struct Limits {
    starts: DefaultKeyedRateLimiter<LearnerId>,
    checks: DefaultKeyedRateLimiter<LearnerId>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limits {
    /// Nothing asked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            starts: limiter(STARTS),
            checks: limiter(CHECKS),
            addresses: limiter(ADDRESS),
        }
    }

    /// Counts the start, reset or end of a sandbox.
    ///
    /// # Errors
    /// When that was too often.
    pub fn count_start(&self, learner: LearnerId, address: Option<IpAddr>) -> Result<(), Refusal> {
        self.count_address(address)?;
        count(&self.starts, &learner)
    }

    /// Counts a check.
    ///
    /// # Errors
    /// When that was too often.
    pub fn count_check(&self, learner: LearnerId, address: Option<IpAddr>) -> Result<(), Refusal> {
        self.count_address(address)?;
        count(&self.checks, &learner)
    }

    /// Forgets those who have not asked for a while.
    pub fn forget_old(&self) {
        self.starts.retain_recent();
        self.checks.retain_recent();
        self.addresses.retain_recent();
    }

    fn count_address(&self, address: Option<IpAddr>) -> Result<(), Refusal> {
        address.map_or(Ok(()), |address| count(&self.addresses, &address))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

fn limiter<K: std::hash::Hash + Eq + Clone>(
    (burst, refill): (u32, Duration),
) -> DefaultKeyedRateLimiter<K> {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    // Only a refill of zero time gives no quota.
    let quota = Quota::with_period(refill).unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN));
    RateLimiter::keyed(quota.allow_burst(burst))
}

fn count<K: std::hash::Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), Refusal> {
    limiter.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        Refusal::TooOften {
            seconds: wait.as_secs() + 1,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learner_is_stopped_after_the_burst_and_others_are_not() {
        let limits = Limits::new();
        let me = LearnerId::random();
        for _ in 0..STARTS.0 {
            assert!(limits.count_start(me, None).is_ok());
        }
        assert!(matches!(
            limits.count_start(me, None),
            Err(Refusal::TooOften { seconds: 1..=4 })
        ));
        assert!(limits.count_check(me, None).is_ok());
        assert!(limits.count_start(LearnerId::random(), None).is_ok());
    }

    #[test]
    fn fresh_cookies_do_not_get_around_the_limit_of_an_address() {
        let limits = Limits::new();
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        let allowed = (0..2 * ADDRESS.0)
            .filter(|_| limits.count_check(LearnerId::random(), address).is_ok())
            .count();
        assert!(allowed < 2 * ADDRESS.0 as usize, "{allowed}");
    }
}
