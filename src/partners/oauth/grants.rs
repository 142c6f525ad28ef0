//! May we still call for this member? With a token that is good, refreshed once however many ask.
//!
//! *What becomes of a refresh*: not sent, and it is tried again; refused, or of unknown outcome,
//! and the grant is lost, since a partner that rotates refresh tokens may take the use of an old
//! one for theft and end everything. The member agrees once more then, and their rewards wait.
//!
//! Rows: P8, D2. Cases: C18.

use std::time::{Duration, Instant};

use domain::ids::{AccountId, MemberId};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::client::NoTokens;
use super::linking::{Linking, tokens_of};
use crate::clock::real_now;
use crate::partners::calls::send;
use crate::vault::{Grant, GrantId, MemberTokens, VaultError};

const BETWEEN_LOOKS: Duration = Duration::from_millis(40);
/// How long giving a token back may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no token to call with.
#[derive(Debug, thiserror::Error)]
pub enum NoAccess {
    /// The member agreed to nothing here, or to another link.
    #[error("the member has not agreed to this")]
    NoGrant,
    /// The member has to agree once more.
    #[error("the member has to agree once more")]
    Lost,
    /// Not now; try again.
    #[error("no token at the moment: {0}")]
    NotNow(&'static str),
    /// The vault cannot be reached.
    #[error("the vault could not be reached")]
    Vault(#[from] VaultError),
}

/// What asking the partner for the next pair came to.
enum Refreshed {
    Tokens(MemberTokens),
    NotAsked(&'static str),
    Lost(&'static str),
}

impl Linking {
    /// A token to call with for this link of a member's: good, and fetched anew before it ends.
    ///
    /// # Errors
    /// [`NoAccess`].
    pub async fn access(
        &self,
        member: MemberId,
        account: AccountId,
        deadline: Instant,
    ) -> Result<SecretString, NoAccess> {
        loop {
            let of_link = self.vault.grant_of_link(member, &self.partner, account).await?;
            let (id, grant) = of_link.ok_or(NoAccess::NoGrant)?;
            let Grant::Live { tokens, version, is_being_refreshed } = grant else {
                return Err(NoAccess::Lost);
            };
            let now = real_now();
            if now < tokens.renew_at || (is_being_refreshed && now < tokens.ends_at) {
                return Ok(tokens.access);
            }
            if Instant::now() >= deadline {
                return Err(NoAccess::NotNow("deadline_passed"));
            }
            if is_being_refreshed {
                tokio::time::sleep(BETWEEN_LOOKS).await;
                continue;
            }
            self.refresh((&id, account), (&tokens, version), deadline).await?;
        }
    }

    /// Refreshes, unless somebody else is at it. What it came to stands in the vault then.
    async fn refresh(
        &self,
        (id, account): (&GrantId, AccountId),
        (tokens, version): (&MemberTokens, i64),
        deadline: Instant,
    ) -> Result<(), NoAccess> {
        let by = Uuid::now_v7();
        if !self.vault.begin_refresh(id, version, by).await? {
            return Ok(());
        }
        match self.next_pair(tokens, deadline).await {
            Refreshed::Tokens(next) => {
                self.vault.end_refresh(id, account, (by, &next)).await?;
                Ok(())
            }
            Refreshed::NotAsked(why) => {
                self.vault.drop_refresh(id, by).await?;
                Err(NoAccess::NotNow(why))
            }
            Refreshed::Lost(why) => {
                tracing::warn!(partner.id = %self.partner, why, "a member's grant is lost");
                self.vault.lose_grant(id, version, why).await?;
                Ok(())
            }
        }
    }

    async fn next_pair(&self, tokens: &MemberTokens, deadline: Instant) -> Refreshed {
        let Some(refresh) = &tokens.refresh else { return Refreshed::Lost("no_refresh_token") };
        match self.client.refreshed(refresh, deadline).await {
            Ok(granted) => match tokens_of(&granted, Some(refresh)) {
                Some(next) => Refreshed::Tokens(next),
                None => Refreshed::Lost("token_unreadable"),
            },
            Err(NoTokens::NotAsked(why) | NoTokens::Refused(why)) => Refreshed::NotAsked(why),
            Err(NoTokens::GrantNotTaken) => Refreshed::Lost("grant_not_taken"),
            Err(NoTokens::Unknown(why)) => Refreshed::Lost(why),
        }
    }

    /// Whether the member's token is for this very account, as the partner says.
    ///
    /// # Errors
    /// [`NoAccess`].
    pub async fn is_for(
        &self,
        (member, account): (MemberId, AccountId),
        number: &SecretString,
        deadline: Instant,
    ) -> Result<bool, NoAccess> {
        let access = self.access(member, account, deadline).await?;
        let told = self.account_of(&access, deadline).await;
        let told = told.map_err(|not_told| NoAccess::NotNow(not_told.0))?;
        // As people write it is not as machines do: spaces, hyphens and small letters say nothing.
        let bare = |text: &SecretString| -> Zeroizing<String> {
            let letters = text.expose_secret().chars().filter(char::is_ascii_alphanumeric);
            Zeroizing::new(letters.collect::<String>().to_ascii_uppercase())
        };
        Ok(*bare(&told) == *bare(number))
    }

    /// Gives a link's tokens back and destroys them; answers whether that is done. What the partner
    /// did not hear of is tried again, and used by nobody meanwhile: the link has ended.
    ///
    /// # Errors
    /// When the vault cannot be reached.
    pub async fn give_back(
        &self,
        member: MemberId,
        account: AccountId,
    ) -> Result<bool, VaultError> {
        let token = match self.vault.grant_of_link(member, &self.partner, account).await {
            Ok(Some((_, Grant::Live { tokens, .. }))) => {
                Some(tokens.refresh.unwrap_or(tokens.access))
            }
            // Lost, or unreadable with the member's key: nothing to give back.
            Ok(_) | Err(VaultError::KeyDestroyed | VaultError::DoesNotOpen) => None,
            Err(error) => return Err(error),
        };
        if let Some(token) = token
            && !self.give_back_token(&token).await
        {
            return Ok(false);
        }
        self.vault.forget_link(member, &self.partner, account).await?;
        Ok(true)
    }

    /// Tells the partner that a token is not needed any more (RFC 7009).
    pub(super) async fn give_back_token(&self, token: &SecretString) -> bool {
        let url = format!("{}{}", self.offer.base(&self.settings.api_url), self.offer.revoke);
        let (id, secret) = (&self.settings.client_id, self.settings.client_secret.expose_secret());
        let form = [("token", token.expose_secret()), ("token_type_hint", "refresh_token")];
        let request = self.http.post(url).basic_auth(id, Some(secret)).form(&form);
        let answer = send(request, Instant::now() + PATIENCE).await;
        answer.is_ok_and(|answer| answer.status.is_success())
    }
}
