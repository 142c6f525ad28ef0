//! Does the log keep its promises when everything happens at once? Storms, and for each one the
//! proof that it would find the fault it is looking for.
//!
//! | storm | what rages | what is taken away in its other test |
//! | --- | --- | --- |
//! | [`conflicts`] | 48 writers, 12 streams, two processes and the stock repository | the append lock; the key behind it; the optimistic check; the conflict |
//! | [`readers`] | readers under slow, rolled-back and killed writers and an idle transaction | the order of commits; the check for missing positions |
//! | [`crashes`] | the database stopped at once, twenty times | the wait for the disk |
//! | [`lost_answers`] | lines cut between a commit and its answer | the look-up by command id |
//!
//! Rows: D6, Q3, Q4, A4. Cases: C2, C10, C19, I6.

mod conflicts;
mod crashes;
mod kept;
mod lost_answers;
mod raw_writers;
mod readers;
mod storm;
mod taken_away;
mod verdict;
