//! What can support do for a reward? `/api/support/rewards`.
//!
//! Looking asks the read models; doing asks the ledger, which decides. An action names the attempt
//! that the reward is at ([`attempt_id`]), so that nobody acts on what has moved on meanwhile.
//!
//! - [`list`](fn@list), [`show`](fn@show): which rewards wait, and what happened to one, in words
//! - [`act`]: retry, cancel, void and reissue; [`redirect`](fn@redirect) to another partner
//! - [`resolve`](fn@resolve): two people settle an outcome that nobody saw
//! - [`told`]: what an action came to; [`refused`]: why it was not done
//!
//! Rows: R6, D4.

mod act;
mod attempt_id;
mod list;
mod redirect;
mod refused;
mod resolve;
mod show;
mod told;
mod words;

pub use act::*;
pub use attempt_id::AttemptId;
pub use list::*;
pub use redirect::*;
pub use resolve::*;
pub use show::*;
pub use told::*;
