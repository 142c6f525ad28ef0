//! Who keeps coming with a wrong signature? More than a hundred a minute, and nothing more is read
//! of what comes from there until the minute is over.
//!
//! *Guarantees*: memory is bounded: while too many addresses come at once, those beyond are not
//! counted, and meet the [gate](super::gate) alone.
//!
//! Rows: W4. Threats: T19.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::http::caller::Network;

/// So many wrong signatures are looked at in a minute, from one address.
pub const MOST_WRONG: u32 = 100;
const MINUTE: Duration = Duration::from_secs(60);
/// At some 60 bytes each, a megabyte.
const MOST_COUNTED: usize = 16_384;

/// How often at most it is looked for those whose minute is over: that takes a while when there are
/// many, and a crowd must not have it done for each of them.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);

/// Counts of this minute, by address.
#[derive(Debug, Default)]
pub struct Strangers(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    by_network: HashMap<Network, Count>,
    swept_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Instant,
    wrong: u32,
}

impl Count {
    fn left(&self) -> Option<Duration> {
        MINUTE.checked_sub(self.since.elapsed()).filter(|left| !left.is_zero())
    }
}

impl Counts {
    fn is_full_for(&mut self, from: Network) -> bool {
        let is_full =
            |all: &HashMap<Network, Count>| all.len() >= MOST_COUNTED && !all.contains_key(&from);
        let may_sweep = self.swept_at.is_none_or(|at| at.elapsed() >= BETWEEN_SWEEPS);
        if is_full(&self.by_network) && may_sweep {
            self.swept_at = Some(Instant::now());
            self.by_network.retain(|_, count| count.left().is_some());
        }
        is_full(&self.by_network)
    }
}

impl Strangers {
    /// For how many seconds more nothing is taken from there; none when it is.
    pub fn turned_away_for(&self, from: Network) -> Option<u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.by_network.get(&from).filter(|count| count.wrong >= MOST_WRONG)?;
        count.left().map(|left| left.as_secs() + 1)
    }

    /// Another wrong one came from there; answers whether that was one too many.
    pub fn was_wrong(&self, from: Network) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.is_full_for(from) {
            return false;
        }
        let fresh = Count { since: Instant::now(), wrong: 0 };
        let count = counts.by_network.entry(from).or_insert(fresh);
        if count.left().is_none() {
            *count = fresh;
        }
        count.wrong = count.wrong.saturating_add(1);
        count.wrong == MOST_WRONG
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use super::*;

    fn network(n: u64) -> Network {
        Network::of(IpAddr::V6(Ipv6Addr::from(u128::from(n) << 64)))
    }

    #[test]
    fn who_was_wrong_a_hundred_times_is_turned_away_and_nobody_else_is() {
        let strangers = Strangers::default();
        let (one, other) = (network(1), network(2));
        assert_eq!((1..=100).filter(|_| strangers.was_wrong(one)).count(), 1, "told once");
        assert!(strangers.turned_away_for(one).is_some_and(|seconds| (1..=60).contains(&seconds)));
        assert_eq!(strangers.turned_away_for(other), None);
    }

    #[test]
    fn the_addresses_of_a_whole_continent_take_no_more_memory_than_a_town() {
        let strangers = Strangers::default();
        for n in 0..100_000 {
            strangers.was_wrong(network(n));
        }
        assert_eq!(strangers.0.lock().unwrap().by_network.len(), MOST_COUNTED);
    }
}
