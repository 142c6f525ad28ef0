//! Is a partner certified that keeps its promises, and no other?
//!
//! - [`rig`]: the sandbox as one partner, and the kit beside it; no Anchor and no database
//! - [`passes`], [`faults`]: with and without something going wrong
//! - [`reports`], [`command`]: what is written down, and how it is asked for

mod command;
mod faults;
mod passes;
mod reports;
mod rig;
