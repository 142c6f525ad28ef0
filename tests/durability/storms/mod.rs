//! Does the log keep its promises when everything happens at once? Storms, and for each one the
//! proof that it would find the fault it is looking for.
//!
//! | storm | what rages | what is taken away in its other tests |
//! | --- | --- | --- |
//! | [`conflicts`] | 48 writers, 12 streams, 3 programs | the append lock; the optimistic check |
//! | [`readers`] | slow, rolled-back and killed writers | the order of commits; the check |
//! | [`crashes`] | the database stopped at once, 20 times | the wait for the disk |
//! | [`lost_answers`] | lines cut after a commit | the look-up by command id |
//!
//! Rows: D6, Q3, Q4, A4. Cases: C2, C10, C19, I6, I10.

mod conflicts;
mod crashes;
mod kept;
mod lost_answers;
mod raw_writers;
mod readers;
mod storm;
pub mod taken_away;
mod verdict;
