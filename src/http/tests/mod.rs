//! The parts around the handlers, each by itself.
//!
//! Rows: Q2, Q4, F1.

mod idempotency;
mod json;
mod position;
mod problem;
mod routes;
