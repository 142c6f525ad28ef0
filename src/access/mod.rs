//! Who may? Tokens become people with a role, and a handler says in its signature whom it serves.
//!
//! A request carries a bearer token as Supabase issues them. [`token`] checks it (one algorithm
//! family per key source, issuer, audience, expiry) and gives a [`Person`]; `published_keys`
//! fetches and keeps the project's public keys where no shared secret is configured; [`mint`] makes
//! development tokens with the shared secret. [`roles`] has the roles and the extractors: there is
//! no way to write a route whose handler does not begin with one of them.
//!
//! Rows: F5.

pub mod mint;
mod published_keys;
pub mod roles;
#[cfg(test)]
mod tests;
pub mod token;

pub use mint::{MintError, NewToken, mint};
pub use roles::{
    ActivityReaders, Admins, Anyone, BooksBringers, BooksReaders, BySignature, ComesBack, Finance,
    Member, Service, Staff, SupportTeam, WhoMay,
};
pub use token::{Aal, AccessError, NoTrust, Person, Role, TokenTrust};
