//! On whose word do we call? For the programme with its own token, for a member with theirs.
//!
//! - [`programme`]: client credentials; a token for every call that is ours
//! - [`offer`]: what a partner's file says of linking by OAuth2
//! - [`linking`]: a member agrees at the partner, and comes back: code, PKCE, state, issuer
//! - [`grants`]: the tokens that came of it: refreshed once, however many ask; given back
//! - [`client`]: the protocol's requests over our own bounded calls, and what their answers mean
//!
//! Rows: P8, P9, D2.

mod client;
mod grants;
mod linking;
mod offer;
mod programme;

pub use grants::NoAccess;
pub use linking::{Begun, Callback, Finished, LinkError, Linking, Who};
pub use offer::OAuthOffer;
pub use programme::try_credentials;
pub(super) use programme::{NoToken, Tokens};
