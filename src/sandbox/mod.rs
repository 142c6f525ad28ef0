//! What would a partner do? Acts as every configured one: OAuth2, vouchers and credits, accounts,
//! webhooks, daily statements, and faults on request.
//!
//! It knows nothing of members, milestones or our ledger; it speaks the published protocol and
//! keeps a book of its own on disk, which is the ground truth of what was really issued.
//!
//! - [`config`]: whom it acts as, and where
//! - [`book`]: what was issued and spent, durable
//! - [`codes`]: ids and codes that follow from the seed
//! - [`faults`]: what goes wrong next
//! - [`oauth`], [`api`], [`statements`]: the partners' API
//! - [`clerk`]: moves credits on until they stand on a bill or a card
//! - [`control`]: the desk of whoever tests, on this machine only
//! - [`notices`]: signed webhooks, sent until they are taken
//! - [`server`]: all of it, started and stopped

mod api;
mod book;
mod clerk;
mod codes;
pub mod config;
mod control;
mod faults;
mod notices;
mod oauth;
mod server;
mod state;
mod statements;
#[cfg(test)]
mod tests;

pub use config::SandboxConfig;
pub use server::{Running, Sandbox, SandboxError};
