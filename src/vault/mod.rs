//! What keeps secrets secret? One key outside the database wraps every key inside it.
//!
//! - [`keyring`]: the keys from the environment, each with an id
//! - [`cipher`]: AES-256-GCM, bound to the place it belongs to
//! - [`member_keys`]: a key per member; destroying it makes every copy unreadable
//! - [`program_keys`]: keys for references, keyed hashes and the inbox
//! - [`rotation`]: another key in the place of the one outside, while everything runs
//! - [`sealing`]: what the rest of the program asks
//! - [`partner_secrets`]: credentials and tokens at rest
//! - [`outgoing_secrets`]: what our own notices are signed with
//! - [`link_states`], [`member_tokens`]: what members agreed to at partners
//!
//! *Guarantees*: a fresh nonce each time; a ciphertext opens only where it was sealed for; nothing
//! here can be printed; a key that is missing is named by its id.

mod cipher;
mod error;
pub mod keyring;
pub mod link_states;
mod member_keys;
mod member_tokens;
mod outgoing_secrets;
mod partner_secrets;
mod program_keys;
pub mod rotation;
mod sealing;
#[cfg(test)]
mod tests;

pub use error::{KeyringError, VaultError};
pub use keyring::Keyring;
pub use link_states::{Back, Leaving};
pub use member_tokens::{Grant, GrantId, MemberTokens};
pub use partner_secrets::holds_partner_secret;
pub use sealing::{Place, Vault};
