//! What does a lock screen show, when is it night, and which servers are spoken to how?
//!
//! Rows: U4, M5, P12.
