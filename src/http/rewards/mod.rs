//! What has a member been given? `/api/rewards`, for the member alone.
//!
//! Looking ([`list`](fn@list), [`show`](fn@show)) asks the read models; doing ([`check`](fn@check),
//! [`claim`](fn@claim), [`reveal`](fn@reveal)) asks the ledger, which is never behind. Somebody
//! else's reward is answered as one that does not exist ([`own`]).
//!
//! Rows: Q2, R2, R3, R5, F4.

mod body;
mod check;
mod claim;
mod list;
mod offer;
mod own;
mod reveal;
mod show;
mod told;

pub use body::RewardBody;
pub use check::*;
pub use claim::*;
pub use list::*;
pub use offer::offer;
pub use reveal::*;
pub use show::*;
