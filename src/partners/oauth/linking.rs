//! How does a member show a partner that an account is theirs, without telling us how? They agree
//! there, and come back with a code.
//!
//! *Guarantees*: a state is good once, for ten minutes, for the member and the partner it was made
//! for, and for whoever began it: the same token, or the same browser. A wrong one says nothing of
//! which of these it was. The proof of who began it (PKCE, S256) never leaves before the code is
//! exchanged. A partner that calls itself by another's name is not believed.
//!
//! Rows: P8.

use std::time::Instant;

use domain::ids::{AccountId, MemberId, PartnerId};
use oauth2::TokenResponse;
use oauth2::basic::BasicTokenResponse;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::client::{NoTokens, OAuthClient, Way, granted, is_sendable};
use super::offer::OAuthOffer;
use crate::clock::real_now;
use crate::partners::calls::{NoAnswer, send};
use crate::partners::partner::NotTold;
use crate::partners::settings::PartnerSettings;
use crate::vault::{GrantId, Leaving, MemberTokens, Vault, VaultError, keyring};

/// The longest account number that is read, in bytes.
const LONGEST_NUMBER: usize = 64;

/// Linking at one partner.
pub struct Linking {
    pub(super) partner: PartnerId,
    pub(super) offer: OAuthOffer,
    pub(super) settings: PartnerSettings,
    pub(super) client: OAuthClient,
    pub(super) http: reqwest::Client,
    pub(super) vault: Vault,
}

/// A link that has begun.
pub struct Begun {
    /// Where the member agrees.
    pub url: Url,
    /// For the browser in which they go there.
    pub browser: SecretString,
}

/// Who has come back.
pub enum Who {
    /// A member, with their own token.
    Member(MemberId),
    /// A browser, with what it was given.
    Browser(SecretString),
}

/// What they came back with.
pub struct Callback {
    /// Which link it was.
    pub state: SecretString,
    /// What it is exchanged for; none when they did not agree.
    pub code: Option<SecretString>,
    /// How the partner calls itself.
    pub issuer: Option<String>,
}

/// What came of it.
pub struct Finished {
    /// Who agreed.
    pub member: MemberId,
    /// Their account, as the partner says.
    pub number: SecretString,
    /// For calls about it.
    pub tokens: MemberTokens,
}

/// Why nothing was linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Begin anew: the state is wrong, used, too old, or somebody else's.
    #[error("this link was not begun here, or is over")]
    NotBegun,
    /// Do not trust whoever sent them.
    #[error("the partner calls itself by another name")]
    OtherIssuer,
    /// The member said no.
    #[error("the member did not agree")]
    NotAgreed,
    /// Begin anew: the partner does not take the code.
    #[error("the partner does not take the code")]
    CodeNotTaken,
    /// Try again later; after some time, look at the credentials.
    #[error("the partner did not say: {0}")]
    NotSaid(&'static str),
    /// The vault cannot be reached.
    #[error("the vault could not be reached")]
    Vault(#[from] VaultError),
}

impl Linking {
    /// Linking at this partner; none when its addresses are none.
    pub fn new(
        partner: PartnerId,
        offer: OAuthOffer,
        settings: PartnerSettings,
        (http, vault): (reqwest::Client, Vault),
    ) -> Option<Self> {
        let base = offer.base(&settings.api_url);
        let addresses = (format!("{base}{}", offer.authorize), format!("{base}{}", offer.token));
        let client = OAuthClient::new(&settings, addresses, http.clone())?;
        Some(Self { partner, offer, settings, client, http, vault })
    }

    /// Which grant of a member's this is about.
    #[must_use]
    pub fn grant_of(&self, member: MemberId) -> GrantId {
        GrantId { member, partner: self.partner.clone(), scope: self.offer.scope() }
    }

    /// Where members come back.
    #[must_use]
    pub fn redirect_uri(&self) -> &Url {
        &self.settings.redirect_uri
    }

    /// Gives tokens back that came of nothing. Best effort: nobody keeps them.
    pub async fn drop_tokens(&self, tokens: &MemberTokens) {
        self.give_back_token(tokens.refresh.as_ref().unwrap_or(&tokens.access)).await;
    }

    /// What is asked for, in the partner's words.
    #[must_use]
    pub fn scope(&self) -> String {
        self.offer.scope()
    }

    /// Sends a member on their way.
    ///
    /// # Errors
    /// When the vault cannot be reached.
    pub async fn begin(&self, member: MemberId) -> Result<Begun, VaultError> {
        let Way { url, state, verifier } = self.client.way(&self.offer.scopes);
        let browser = keyring::generate();
        let leaving = Leaving {
            partner: &self.partner,
            member,
            redirect_uri: self.settings.redirect_uri.as_str(),
            state: &state,
            browser: &browser,
            verifier: &verifier,
        };
        self.vault.remember_leaving(&leaving).await?;
        Ok(Begun { url, browser })
    }

    /// Takes a member back: what they agreed to, and which account it is.
    ///
    /// # Errors
    /// [`LinkError`]; the state is used up, whatever it was.
    pub async fn finish(
        &self,
        who: &Who,
        callback: &Callback,
        deadline: Instant,
    ) -> Result<Finished, LinkError> {
        let back = self.vault.take_back(&callback.state).await?.ok_or(LinkError::NotBegun)?;
        let is_theirs = match who {
            Who::Member(member) => back.member == *member,
            Who::Browser(browser) => back.is_browser(browser),
        };
        let is_ours = back.partner == self.partner
            && back.redirect_uri == self.settings.redirect_uri.as_str();
        if !is_theirs || !is_ours {
            return Err(LinkError::NotBegun);
        }
        match &callback.issuer {
            Some(issuer) if *issuer == self.offer.issuer(&self.settings.api_url) => {}
            None if !self.offer.names_issuer => {}
            Some(_) | None => return Err(LinkError::OtherIssuer),
        }
        let code = callback.code.as_ref().ok_or(LinkError::NotAgreed)?;
        let answer = self.client.for_code(code, &back.verifier, deadline).await;
        let tokens = tokens_of(&answer.map_err(said)?, None).ok_or(unreadable())?;
        let number = self.account_of(&tokens.access, deadline).await;
        let number = match number {
            Ok(number) => number,
            Err(NotTold(why)) => {
                // Nobody keeps them: a grant that leads nowhere must not live on there.
                self.drop_tokens(&tokens).await;
                return Err(LinkError::NotSaid(why));
            }
        };
        Ok(Finished { member: back.member, number, tokens })
    }

    /// Keeps what a member agreed to, for this link; what they agreed to before is given back.
    ///
    /// # Errors
    /// When the vault cannot be reached.
    pub async fn keep(
        &self,
        member: MemberId,
        account: AccountId,
        tokens: &MemberTokens,
    ) -> Result<(), VaultError> {
        let before = self.vault.keep_grant(&self.grant_of(member), account, tokens).await?;
        for refresh in before {
            // Best effort: it is replaced here either way.
            self.give_back_token(&refresh).await;
        }
        Ok(())
    }

    /// The account that a member's token is for.
    pub(super) async fn account_of(
        &self,
        access: &SecretString,
        deadline: Instant,
    ) -> Result<SecretString, NotTold> {
        let url = format!("{}{}", self.offer.base(&self.settings.api_url), self.offer.account);
        let request = self.http.get(url).bearer_auth(access.expose_secret());
        let answer = send(request, deadline).await.map_err(|none| match none {
            NoAnswer::NotSent(why) | NoAnswer::Lost(why) => NotTold(why),
        })?;
        if answer.status != reqwest::StatusCode::OK {
            return Err(NotTold("account_not_told"));
        }
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let number = told[self.offer.account_field.as_str()].as_str();
        let number = number.filter(|number| (1..=LONGEST_NUMBER).contains(&number.len()));
        Ok(SecretString::from(number.ok_or(NotTold("unreadable_answer"))?.to_owned()))
    }
}

fn unreadable() -> LinkError {
    LinkError::NotSaid("token_unreadable")
}

fn said(why: NoTokens) -> LinkError {
    match why {
        NoTokens::GrantNotTaken => LinkError::CodeNotTaken,
        NoTokens::NotAsked(why) | NoTokens::Refused(why) | NoTokens::Unknown(why) => {
            LinkError::NotSaid(why)
        }
    }
}

/// The tokens of an answer; a partner that sends no new refresh token goes on taking the old one.
pub(super) fn tokens_of(
    answer: &BasicTokenResponse,
    refresh: Option<&SecretString>,
) -> Option<MemberTokens> {
    let (access, seconds) = granted(answer)?;
    let next = answer.refresh_token().map(|token| SecretString::from(token.secret().to_owned()));
    if next.as_ref().is_some_and(|next| !is_sendable(next)) {
        return None;
    }
    let now = real_now();
    Some(MemberTokens {
        access,
        refresh: next.or_else(|| refresh.cloned()),
        // With a quarter of its time to go, another one is fetched.
        renew_at: now + chrono::Duration::milliseconds(seconds * 750),
        ends_at: now + chrono::Duration::seconds(seconds),
    })
}
