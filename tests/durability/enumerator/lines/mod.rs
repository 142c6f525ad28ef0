//! What runs between Anchor and everybody else, and can be cut at any commit or call?
//!
//! - [`postgres`]: to the database; knows every commit that has written something
//! - [`http`]: to the partners, from them, and from clients; knows every request
//! - [`wire`], [`deed`]: the database's messages, and what a statement does

mod deed;
pub mod http;
pub mod postgres;
mod wire;
