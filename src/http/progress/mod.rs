//! How far have I come? `/api/progress`, for the member alone.
//!
//! Rows: M1, Q2.

mod show;

pub use show::*;
