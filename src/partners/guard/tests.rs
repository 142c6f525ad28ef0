//! Does a breaker open, wait and close, and does a pace hold?
//!
//! Rows: D1, D5.

use std::time::{Duration, Instant};

use super::breaker::{Breaker, BreakerState};
use super::pace::Pace;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn it_opens_after_failures_in_a_row_and_closes_when_the_partner_answers() {
    let (breaker, now) = (Breaker::new(3), Instant::now());
    assert!(!breaker.failed(now) && !breaker.failed(now));
    breaker.succeeded();
    assert!(!breaker.failed(now) && !breaker.failed(now), "not in a row");
    assert_eq!(breaker.state(now), BreakerState::Closed);
    assert!(breaker.failed(now), "the third in a row opens it");
    assert_eq!(breaker.state(now), BreakerState::Open);
    assert_eq!(breaker.held_back(now), Some(2 * SECOND));
    assert_eq!(breaker.state(now + 2 * SECOND), BreakerState::HalfOpen);
    assert_eq!(breaker.held_back(now + 2 * SECOND), Some(Duration::ZERO), "no order goes out");
    breaker.succeeded();
    assert_eq!((breaker.state(now), breaker.held_back(now)), (BreakerState::Closed, None));
}

#[test]
fn each_try_in_vain_doubles_the_while_up_to_a_bound() {
    let (breaker, mut now) = (Breaker::new(1), Instant::now());
    breaker.failed(now);
    assert!(!breaker.failed(now), "calls that were under way say nothing new");
    let mut waits = Vec::new();
    for _ in 0..9 {
        let wait = breaker.held_back(now).unwrap();
        waits.push(wait.as_secs());
        now += wait;
        assert_eq!(breaker.state(now), BreakerState::HalfOpen);
        breaker.failed(now);
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300]);
}

#[test]
fn a_burst_goes_out_at_once_and_the_rest_evenly() {
    let now = Instant::now();
    let pace = Pace::new(60, now);
    for _ in 0..6 {
        assert_eq!(pace.take(now, SECOND), Ok(Duration::ZERO));
    }
    assert_eq!(pace.take(now, 2 * SECOND), Ok(SECOND));
    assert_eq!(pace.take(now, SECOND), Err(2 * SECOND), "longer than anybody waits here");
    assert_eq!(pace.take(now + 60 * SECOND, SECOND), Ok(Duration::ZERO));
}

#[test]
fn nobody_calls_before_the_partners_own_time_is_over() {
    let now = Instant::now();
    let pace = Pace::new(6_000, now);
    pace.stay_away(now, 30 * SECOND);
    pace.stay_away(now, 5 * SECOND);
    assert_eq!(pace.take(now + SECOND, SECOND), Err(29 * SECOND), "the longer one holds");
    assert_eq!(pace.take(now + 31 * SECOND, SECOND), Ok(Duration::ZERO));
}
