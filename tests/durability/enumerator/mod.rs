//! Is there a moment at which Anchor may not be disturbed? Every commit and every call of a full
//! flow is hit, from every side, in every way.
//!
//! - [`flow`]: what is played
//! - [`house`]: where; [`lines`]: what everything passes; [`asking`]: how clients behave
//! - [`fault`], [`stage`]: what goes wrong, and when
//! - [`plays`]: one flow with its faults
//! - [`enumerate`]: all of them; [`cases`]: those that have a name
//! - [`taken_away`]: would it be found?
//!
//! Rows: D6, R2, D4, W5.

mod asking;
mod cases;
mod enumerate;
mod fault;
mod flow;
mod house;
mod lines;
mod plays;
mod stage;
mod taken_away;
