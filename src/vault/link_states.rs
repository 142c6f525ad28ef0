//! Which member is on their way to which partner? Kept from the moment they leave until they are
//! back, for ten minutes at most and for one use.
//!
//! *Guarantees*: of the state only a digest is kept, so that nobody who reads the table can come
//! back in a member's place; it is used up by the first who comes with it, whatever comes of that.
//!
//! Rows: P8, P9.

use domain::ids::{MemberId, PartnerId};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::error::VaultError;
use super::sealing::Vault;

/// As long as the way there and back may take, in seconds.
pub const LASTS_SECONDS: i64 = 600;
/// So many ways at once of one member to one partner; the oldest is over when there are more.
const MOST_OF_ONE: i64 = 5;

/// A member who leaves for a partner.
pub struct Leaving<'a> {
    /// To whom.
    pub partner: &'a PartnerId,
    /// Who.
    pub member: MemberId,
    /// Where they are to come back.
    pub redirect_uri: &'a str,
    /// What they come back with.
    pub state: &'a SecretString,
    /// What the browser that they leave in was given.
    pub browser: &'a SecretString,
    /// What shows that it was us who sent them.
    pub verifier: &'a SecretString,
}

/// A member who is back.
pub struct Back {
    /// From whom.
    pub partner: PartnerId,
    /// Who it was that left.
    pub member: MemberId,
    /// Where they were to come back.
    pub redirect_uri: String,
    /// What shows that it was us who sent them.
    pub verifier: SecretString,
    browser_digest: Vec<u8>,
}

impl Back {
    /// Whether this is what the browser was given in which they left.
    #[must_use]
    pub fn is_browser(&self, browser: &SecretString) -> bool {
        use subtle::ConstantTimeEq;
        digest(browser).ct_eq(&self.browser_digest).into()
    }
}

impl Vault {
    /// Remembers one who leaves; forgets those whose time was over long ago, and the oldest of a
    /// member who leaves again and again.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn remember_leaving(&self, leaving: &Leaving<'_>) -> Result<(), VaultError> {
        let state = digest(leaving.state);
        let clear = leaving.verifier.expose_secret().as_bytes();
        let sealed = self.seal_for_partner(leaving.partner, &place(&state), clear);
        sqlx::query(
            "WITH long_over AS (
               DELETE FROM link_states WHERE ends_at < clock_timestamp() - interval '1 day'),
             too_many AS (
               DELETE FROM link_states WHERE state_digest IN (
                 SELECT state_digest FROM link_states WHERE member_id = $3 AND partner_id = $2
                  ORDER BY ends_at DESC OFFSET $8))
             INSERT INTO link_states (state_digest, partner_id, member_id, redirect_uri,
                                      browser_digest, sealed, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 second')",
        )
        .bind(&state)
        .bind(leaving.partner.as_str())
        .bind(leaving.member.0)
        .bind(leaving.redirect_uri)
        .bind(digest(leaving.browser))
        .bind(sealed)
        .bind(LASTS_SECONDS)
        .bind(MOST_OF_ONE - 1)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Who left with this state; nobody, when it was never given out, was used, or is too old.
    ///
    /// # Errors
    /// When the store cannot be reached, or what it holds does not open.
    pub async fn take_back(&self, state: &SecretString) -> Result<Option<Back>, VaultError> {
        let state = digest(state);
        let row = sqlx::query(
            "UPDATE link_states SET used_at = clock_timestamp()
              WHERE state_digest = $1 AND used_at IS NULL
          RETURNING partner_id, member_id, redirect_uri, browser_digest, sealed,
                    ends_at > clock_timestamp()",
        )
        .bind(&state)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row.filter(|row| row.get(5)) else { return Ok(None) };
        let partner: String = row.get(0);
        let partner: PartnerId = partner.parse().map_err(|_| VaultError::DoesNotOpen)?;
        let sealed: Vec<u8> = row.get(4);
        let verifier = self.open_for_partner(&partner, &place(&state), &sealed)?;
        let verifier = String::from_utf8(verifier).map_err(|_| VaultError::DoesNotOpen)?;
        Ok(Some(Back {
            partner,
            member: MemberId(row.get(1)),
            redirect_uri: row.get(2),
            verifier: SecretString::from(verifier),
            browser_digest: row.get(3),
        }))
    }
}

fn digest(secret: &SecretString) -> Vec<u8> {
    Sha256::digest(secret.expose_secret().as_bytes()).to_vec()
}

fn place(state_digest: &[u8]) -> String {
    format!("keys.link_states/sealed/{}", hex::encode(state_digest))
}
