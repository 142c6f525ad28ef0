//! Does the log keep its promises when many write at once, lines are cut and answers get lost? One
//! program, a module per promise.

#![allow(clippy::unwrap_used, dead_code)]

mod append;
mod append_only;
mod clocks;
mod cut_line;
mod enumerator;
mod fire;
mod history;
mod invariants;
mod line;
mod migrating;
mod simulator;
mod stock_writer;
#[path = "../storm_writer/parts/mod.rs"]
mod storm_writer;
mod storms;
mod subscription;
mod support;
mod wake;
#[path = "../api/support/mod.rs"]
#[allow(unused_imports)]
mod whole;
