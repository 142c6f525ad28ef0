//! How do operators, finance and newcomers use Anchor from a terminal? One file per subcommand.
//!
//! [`arguments`] says what may be typed; every other file does one of it. Folders hold those that
//! belong together: [`demo`], [`doctor`], [`finance`], [`partner`], and all that looks after read
//! models. Exit codes: 0 done, 1 a check found a difference or something failed, 2 the words were
//! not understood, 3 a rule refused and nothing was changed, 78 the environment or the database
//! does not fit this program.

pub mod arguments;
mod clock;
mod demo;
mod doctor;
mod exit;
mod finance;
mod keys;
mod migrate;
mod partner;
mod read_models;
mod sandbox;
pub mod serve;
mod statement;
mod token;

pub use arguments::run;
