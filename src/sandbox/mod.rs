//! What would a partner do? Acts as every configured one: OAuth2, vouchers, webhooks, and faults on
//! request.
//!
//! It knows nothing of members, milestones or our ledger; it speaks the published protocol and
//! keeps a book of its own on disk, which is the ground truth of what was really issued.
//!
//! - [`config`]: whom it acts as, and where
//! - [`book`]: what was issued and spent, durable
//! - [`codes`]: ids and codes that follow from the seed
//! - [`faults`]: what goes wrong next
//! - [`oauth`], [`vouchers`]: the partners' API
//! - [`control`]: the desk of whoever tests, on this machine only
//! - [`notices`]: signed webhooks, sent until they are taken
//! - [`server`]: all of it, started and stopped

mod book;
mod codes;
pub mod config;
mod control;
mod faults;
mod notices;
mod oauth;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod vouchers;

pub use config::SandboxConfig;
pub use server::{Running, Sandbox, SandboxError};
