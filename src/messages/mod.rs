//! What are people told, in which words, and by which way? E-mail, and signed notices to other
//! systems.
//!
//! - [`settings`]: the mail server, the sender, and who is support
//! - [`words`]: what a message says; nothing on a lock screen tells what Anchor is about
//! - [`quiet_hours`]: not at night
//! - [`outbox`]: one row per audience, kind and cause, and what became of it
//! - [`email`]: how a message leaves
//! - [`endpoints`], [`deliveries`]: which systems are told, and what became of that
//! - [`notice`]: what they are told, thin
//! - [`outgoing_webhook`]: how a notice leaves
//!
//! *Guarantees*: a cause is told once. Rows are work tables, written together with the position up
//! to which the log has been read; a rebuild of read models does not see them. Whoever dies between
//! sending and writing that down repeats one message and loses none; it has the same `Message-ID`
//! or `webhook-id` then, by which a receiver drops it.
//!
//! Rows: U4, C4.

pub mod deliveries;
pub mod email;
pub mod endpoints;
pub mod notice;
pub mod outbox;
pub mod outgoing_webhook;
pub mod quiet_hours;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod words;

pub use notice::NoticeKind;
pub use outbox::{Outbox, StaffNotice};
pub use settings::MessageSettings;
