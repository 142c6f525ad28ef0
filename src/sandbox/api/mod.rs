//! What do the partners answer? Their API, as the published protocols have it.
//!
//! - [`orders`]: a voucher or a credit is ordered, once a key
//! - [`values`]: what was issued is looked up, asked for its balance, taken back
//! - [`referrals`]: somebody would like to hear from a support service
//! - [`accounts`]: whose account is it, and what is on it

pub(super) mod accounts;
pub(super) mod orders;
pub(super) mod referrals;
pub(super) mod values;
