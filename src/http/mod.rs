//! How does the world reach the ledger? Addresses to handlers to one call, and back.
//!
//! [`routes`] is the table of every address. A handler extracts (whom it serves, an id, a body),
//! makes one call, and answers; the folder of a handler is its address, its file the action. Around
//! them: [`problem`] (what is said when something cannot be done), [`json`] and [`address`] (what
//! came in), [`caller`] (from where), [`position`] (read what you wrote), [`idempotency`] (the
//! same request twice), [`operations`] (health, measurements, logs), [`openapi`] (all of it
//! described), [`server`] (sockets and limits). [`webhooks`] is the inlet for partners: verify,
//! store, answer.
//!
//! Rows: Q2, Q4, F1, F5, W5, U6.

pub mod accounts;
pub mod activity;
pub mod address;
pub mod caller;
pub mod consents;
pub mod idempotency;
pub mod json;
pub mod members;
pub mod openapi;
pub mod operations;
pub mod outgoing_webhooks;
pub mod partners;
pub mod position;
pub mod problem;
pub mod progress;
pub mod reconciliation;
pub mod refusal;
pub mod rewards;
pub mod routes;
pub mod server;
pub mod state;
pub mod support;
pub mod support_services;
#[cfg(test)]
mod tests;
pub mod webhooks;

pub use state::AppState;
