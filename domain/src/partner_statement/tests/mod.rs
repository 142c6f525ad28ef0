//! A statement and our log side by side: what agrees, what differs, and how that ends.
//!
//! Rows: A2.

mod life;
mod matching;
mod planted;
mod suspense;
