//! What are people and other systems told? Mail at a server, and notices at a receiver, that were
//! written by others.

mod at_night;
mod deliveries;
mod endpoints;
mod foreign;
mod mailbox;
mod members;
mod once;
mod receiver;
mod staff;
mod wire;

pub use mailbox::{Letter, Mailbox};
pub use members::{somebody, until_message};
pub use receiver::{Receiver, Says};
