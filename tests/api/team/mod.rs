//! What can the support team do, and is each of it done once?

mod late;
mod once;
mod resolving;
mod rewards;
pub mod scenes;
mod voiding;
mod webhooks;
