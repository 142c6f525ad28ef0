//! How the world reaches Anchor: edges, the write side, partners and processes.
//!
//! # Layout
//!
//! - [`http`], [`access`]: requests in, whom they serve
//! - [`ledger`]: commands become events; the only place that appends
//! - [`messages`]: what people and other systems are told
//! - [`inbox`]: what partners tell us, durable before it is answered
//! - [`processes`]: what happens by itself
//! - [`partners`], [`vault`]: calls out, and what keeps secrets secret
//! - [`sandbox`]: acts as every partner; [`conformance`]: tries whether one keeps its promises
//! - [`statements`]: reads what a partner's books say of a day; [`books`]: takes it in
//! - [`reports`]: what finance reads of a period; [`closing`]: a month is sealed
//! - [`alerts`]: what people should look at
//! - [`cli`]: the `anchor` program
//!
//! The rules are in the crate `domain`, what can be asked in the crate `projections`.
//!
//! # Follow one webhook
//!
//! 1. `http/routes.rs`: `POST /api/webhooks/{partner}` → `webhooks::receive`
//! 2. `http/webhooks/mod.rs`: verify, store, answer
//! 3. `partners/signature/mod.rs`: `verify`, in constant time
//! 4. `inbox/store.rs`: `accept`; durable, the same id once; 202 from here on
//! 5. `inbox/process.rs`: `work_once`; their JSON becomes `RecordRedemption`
//! 6. `ledger/execute.rs`: `execute`; load, decide, append
//! 7. `domain/src/reward/aggregate.rs`: `decide`; the rule
//! 8. `projections/src/rewards/project.rs`: `project`; rows and checkpoint in one transaction
//! 9. `projections/src/rewards/query.rs`: `get`; the member sees what is left

pub mod access;
pub mod alerts;
pub mod books;
pub mod cli;
pub mod clock;
pub mod closing;
pub mod config;
pub mod conformance;
pub mod database;
pub mod http;
pub mod inbox;
pub mod ledger;
pub mod messages;
pub mod partners;
pub mod postgres;
pub mod processes;
pub mod reports;
pub mod sandbox;
pub mod startup;
pub mod statements;
pub mod telemetry;
mod tls;
pub mod vault;
pub mod wake;

pub use tls::install_tls;
