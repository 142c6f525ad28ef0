//! Does the house keep its own rules? Limits, docs, imports, names and promises, from the text.
//!
//! *Why a test and not a habit*: a rule that nothing checks is a wish. Each test is one rule of the
//! house; its message says what to do.

mod imports;
mod limits;
mod promises;
mod sources;
