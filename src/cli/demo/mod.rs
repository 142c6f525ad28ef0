//! How does Anchor look when it runs? The whole system on one machine, and a small cast of members.
//!
//! - [`household`]: the demo's own folder, secrets and private database
//! - [`cast`]: who the members are, and where they stand
//! - [`story`]: what happens, in order; every step is safe to repeat
//! - [`narrate`]: one line for each thing that happens
//! - [`books`]: do our ledger and the partners' own book agree?
//! - [`client`]: talks to the server as the app, the backend and finance would
//! - [`voice`]: who is listening, people or a machine
//!
//! Nothing here reaches around the system: members are reported over HTTP, vouchers are redeemed at
//! the sandbox's till, and what is checked is what anybody could ask.

mod books;
mod cast;
mod client;
pub mod household;
mod narrate;
mod play;
mod story;
mod voice;
mod welcome;

pub use play::{DemoArguments, run};
