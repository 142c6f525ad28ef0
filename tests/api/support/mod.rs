//! A whole Anchor for each test: own database, real server, the sandbox as the partners.

pub mod app;
mod asking;
mod doors;
mod program;
mod webhook;

pub use app::{PARTNERS, TestApp, settings};
pub use asking::{Answer, Who};
pub use doors::{Doors, ServerProcess};
pub use program::anchor;
pub use webhook::Webhook;
