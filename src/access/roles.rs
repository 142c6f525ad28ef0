//! Whom does a handler serve? Its first parameter says so, and there is no default.
//!
//! Each extractor here lets a request through only with a token of the right role; [`Anyone`] and
//! [`BySignature`] say openly that no token is asked for. The table of routes accepts a handler
//! only when its first parameter is one of them ([`ServesWhom`]), and writes the same roles into
//! the API document, so code and document cannot differ.
//!
//! Rows: F5.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, COOKIE};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use domain::ids::{MemberId, PartnerId};
use futures::future::LocalBoxFuture;
use secrecy::SecretString;
use uuid::Uuid;

use super::token::{Aal, AccessError, Person, Role, TokenTrust};

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhoMay {
    /// Everybody, without signing in.
    Anyone,
    /// Whoever holds the partner's webhook secret.
    BySignature,
    /// People whose token has one of these roles.
    Roles(&'static [Role]),
}

/// Said of the parameters of a handler: whom it serves.
pub trait ServesWhom {
    /// Who may call it.
    const WHO: WhoMay;
}

macro_rules! the_first_parameter_says {
    ($($rest:ident)*) => {
        impl<First: ServesWhom, $($rest),*> ServesWhom for (First, $($rest,)*) {
            const WHO: WhoMay = First::WHO;
        }
    };
}
the_first_parameter_says!();
the_first_parameter_says!(B);
the_first_parameter_says!(B C);
the_first_parameter_says!(B C D);
the_first_parameter_says!(B C D E);

/// The person a request speaks for; the token is checked once per request.
///
/// # Errors
/// [`AccessError`] when there is no token or it is not accepted.
pub async fn person_of(request: &HttpRequest) -> Result<Person, AccessError> {
    if let Some(person) = request.extensions().get::<Person>() {
        return Ok(person.clone());
    }
    let trust = request.app_data::<web::Data<TokenTrust>>().cloned();
    let trust = trust.expect("the server registers its trust before it serves");
    let person = trust.person(bearer(request)?).await?;
    request.extensions_mut().insert(person.clone());
    Ok(person)
}

fn bearer(request: &HttpRequest) -> Result<&str, AccessError> {
    let header = request.headers().get(AUTHORIZATION).ok_or(AccessError::Missing)?;
    let text = header.to_str().map_err(|_| AccessError::NotAccepted("it is not plain text"))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(AccessError::Missing),
    }
}

async fn person_with(request: HttpRequest, roles: &[Role]) -> Result<Person, AccessError> {
    let person = person_of(&request).await?;
    if roles.contains(&person.role) {
        return Ok(person);
    }
    Err(AccessError::RoleRequired { needed: roles.iter().map(|role| role.as_str()).collect() })
}

/// Everybody may; no token is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

impl ServesWhom for Anyone {
    const WHO: WhoMay = WhoMay::Anyone;
}

impl FromRequest for Anyone {
    type Error = AccessError;
    type Future = std::future::Ready<Result<Self, AccessError>>;
    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self))
    }
}

/// A partner's machine, recognised by the signature over its body, which the handler checks first.
#[derive(Debug, Clone, Copy)]
pub struct BySignature;

impl ServesWhom for BySignature {
    const WHO: WhoMay = WhoMay::BySignature;
}

impl FromRequest for BySignature {
    type Error = AccessError;
    type Future = std::future::Ready<Result<Self, AccessError>>;
    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self))
    }
}

/// A member, acting for themselves.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Who.
    pub id: MemberId,
    /// How surely they were recognised.
    pub aal: Aal,
}

impl Member {
    /// The name under which the ledger remembers them.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("{}:{}", Role::Member, self.id)
    }
}

impl ServesWhom for Member {
    const WHO: WhoMay = WhoMay::Roles(&[Role::Member]);
}

impl FromRequest for Member {
    type Error = AccessError;
    type Future = LocalBoxFuture<'static, Result<Self, AccessError>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let person = person_with(request, &[Role::Member]).await?;
            Ok(Self { id: MemberId(person.id), aal: person.aal })
        })
    }
}

/// The cookie of a browser in which a member left for a partner.
pub const LINK_COOKIE: &str = "anchor_link";

/// A member who comes back from a partner: by their token, or in the browser they left in. What the
/// browser has is worth nothing but for the one link that it was given for.
#[derive(Debug, Clone)]
pub enum ComesBack {
    /// With their token.
    Member(Member),
    /// With what the browser was given.
    Browser(SecretString),
}

impl ServesWhom for ComesBack {
    const WHO: WhoMay = WhoMay::Roles(&[Role::Member]);
}

impl FromRequest for ComesBack {
    type Error = AccessError;
    type Future = LocalBoxFuture<'static, Result<Self, AccessError>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        match cookie(request) {
            Some(given) if !request.headers().contains_key(AUTHORIZATION) => {
                Box::pin(async move { Ok(Self::Browser(given)) })
            }
            _ => {
                let member = Member::from_request(request, payload);
                Box::pin(async move { Ok(Self::Member(member.await?)) })
            }
        }
    }
}

fn cookie(request: &HttpRequest) -> Option<SecretString> {
    let all = request.headers().get(COOKIE)?.to_str().ok()?;
    let mut pairs = all.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == LINK_COOKIE)?;
    Some(SecretString::from(value.to_owned()))
}

/// The Anchor app's backend.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Which one.
    pub id: Uuid,
}

impl Service {
    /// The name under which the ledger remembers it.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("{}:{}", Role::Service, self.id)
    }
}

impl ServesWhom for Service {
    const WHO: WhoMay = WhoMay::Roles(&[Role::Service]);
}

impl FromRequest for Service {
    type Error = AccessError;
    type Future = LocalBoxFuture<'static, Result<Self, AccessError>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self { id: person_with(request, &[Role::Service]).await?.id }) })
    }
}

/// A group of roles that staff operations ask for.
pub trait Group: 'static {
    /// The roles in it.
    const ROLES: &'static [Role];
}

/// Finance and its auditors.
#[derive(Debug, Clone, Copy)]
pub enum Finance {}
impl Group for Finance {
    const ROLES: &'static [Role] = &[Role::Finance];
}

/// Whoever runs this Anchor.
#[derive(Debug, Clone, Copy)]
pub enum Admins {}
impl Group for Admins {
    const ROLES: &'static [Role] = &[Role::Admin];
}

/// Those who help members: the support team, and who runs it all.
#[derive(Debug, Clone, Copy)]
pub enum SupportTeam {}
impl Group for SupportTeam {
    const ROLES: &'static [Role] = &[Role::Support, Role::Admin];
}

/// Who may read the activity log: staff all of it, a partner's people their own.
#[derive(Debug, Clone, Copy)]
pub enum ActivityReaders {}
impl Group for ActivityReaders {
    const ROLES: &'static [Role] = &[Role::Partner, Role::Support, Role::Finance, Role::Admin];
}

/// Who may see statements and what differs: finance all of it, a partner's people their own.
#[derive(Debug, Clone, Copy)]
pub enum BooksReaders {}
impl Group for BooksReaders {
    const ROLES: &'static [Role] = &[Role::Partner, Role::Finance, Role::Admin];
}

/// Who may bring statements: finance anybody's, a partner's people their own.
#[derive(Debug, Clone, Copy)]
pub enum BooksBringers {}
impl Group for BooksBringers {
    const ROLES: &'static [Role] = &[Role::Partner, Role::Finance];
}

/// Somebody of the group `G`.
#[derive(Debug, Clone)]
pub struct Staff<G> {
    person: Person,
    group: PhantomData<fn() -> G>,
}

impl<G> Staff<G> {
    /// The name under which what they do is remembered.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("{}:{}", self.person.role, self.person.id)
    }

    /// Who.
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// The one partner they may see; none when they may see all.
    #[must_use]
    pub fn only_partner(&self) -> Option<&PartnerId> {
        self.person.partner_id.as_ref()
    }
}

impl<G: Group> ServesWhom for Staff<G> {
    const WHO: WhoMay = WhoMay::Roles(G::ROLES);
}

impl<G: Group> FromRequest for Staff<G> {
    type Error = AccessError;
    type Future = LocalBoxFuture<'static, Result<Self, AccessError>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let person = person_with(request, G::ROLES).await?;
            Ok(Self { person, group: PhantomData })
        })
    }
}
