//! What does the edge answer, and refuse? Every operation, every role, every kind of bad input.

mod bad_input;
pub mod coverage;
mod operations;
mod reads;
