//! How is a partner spared, and everybody else from it? Between the caller and the partner stand a
//! breaker, a pace and a number of calls at once.
//!
//! - [`breaker`]: left alone after failures in a row, until it answers a question of no weight
//! - [`pace`]: so many calls a minute, and none before the partner's own `Retry-After`
//! - [`guarded`]: both, and a bulkhead, around any partner
//!
//! *Each process by its own calls*: nothing is shared, so nobody waits for a database to make a
//! call. A server without workers knows of the calls it makes itself, and no others.
//!
//! *Guarantees*: what is held back here has surely not been sent, so it is put off and never
//! unknown; a slow partner takes its own calls and nobody else's.

pub mod breaker;
mod guarded;
mod pace;
#[cfg(test)]
mod tests;

pub use guarded::Guarded;
