//! How does the partners' OAuth2 server act? Client credentials for us; for their customers an
//! authorization code with PKCE, and refresh tokens that are good once.
//!
//! - [`token`]: every kind of token, and whether a call carries a good one
//! - [`agree`]: the page where a customer agrees
//! - [`grants`]: what customers agreed to; told and given back
//!
//! *As strict as they come*: a refresh token that is used twice ends everything that came of the
//! same agreement, as it would after a theft.
//!
//! Rows: P8, P11.

mod agree;
mod grants;
mod token;

pub(super) use agree::{agree, show};
pub(super) use grants::{Grants, account, revoke};
pub(super) use token::{may_ask, may_call, token};
