//! What happens next? Chance, from a seed that is printed, so that it can be had once more.
//!
//! `ANCHOR_SEED=N` throws the same again.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// Throws.
pub struct Dice(StdRng);

impl Dice {
    /// New ones; says by which seed.
    pub fn throw(for_what: &str) -> Self {
        let given = std::env::var("ANCHOR_SEED").ok().map(|seed| seed.parse().unwrap());
        let seed: u64 = given.unwrap_or_else(rand::random);
        println!("{for_what}: ANCHOR_SEED={seed}");
        Self(StdRng::seed_from_u64(seed))
    }

    /// A number from 0 up to, and without, this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.random_range(0..end)
    }

    /// In another order.
    pub fn shuffled<T>(&mut self, mut all: Vec<T>) -> Vec<T> {
        all.shuffle(&mut self.0);
        all
    }
}
