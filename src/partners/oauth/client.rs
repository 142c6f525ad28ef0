//! How are tokens asked for? By a well-kept library, over our own bounded calls.
//!
//! *What an answer means*: a refusal counts only with a documented error; what was not sent may be
//! sent again; everything else is unknown, since the partner may have taken a refresh token out of
//! use whose successor never came.
//!
//! Rows: P8, D2, D4.

use std::time::Instant;

use futures::future::BoxFuture;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, Scope, TokenResponse, TokenUrl,
};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::partners::calls::{NoAnswer, send};
use crate::partners::settings::PartnerSettings;

/// A longer token is none: it goes out with every call.
const LONGEST_TOKEN: usize = 8 * 1024;

/// A partner that does not say how long a token lasts is believed for five minutes.
const LASTS_SECONDS: u64 = 300;
const LONGEST_SECONDS: u64 = 86_400;

type Configured =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// One authorization server, and us as its client.
#[derive(Clone)]
pub(super) struct OAuthClient {
    client: Configured,
    http: reqwest::Client,
}

/// Why there are no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoTokens {
    /// Surely nothing was done: ask again.
    #[error("not asked: {0}")]
    NotAsked(&'static str),
    /// The code or the refresh token is not taken, and will not be.
    #[error("the grant is not taken")]
    GrantNotTaken,
    /// We are not taken, or what we ask for is not: people have to look.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// Perhaps something was done, perhaps not.
    #[error("unknown: {0}")]
    Unknown(&'static str),
}

/// Nothing came back; the library wants an error that can be shown.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct Unanswered(NoAnswer);

/// What leads a member to the partner, and what has to come back with them.
pub(super) struct Way {
    pub url: Url,
    pub state: SecretString,
    pub verifier: SecretString,
}

impl OAuthClient {
    /// The client that asks for the programme's own tokens, at the partner's API.
    pub fn of_programme(settings: &PartnerSettings, http: reqwest::Client) -> Option<Self> {
        let base = settings.api_url.as_str().trim_end_matches('/');
        let addresses = (format!("{base}/oauth/authorize"), format!("{base}/oauth/token"));
        Self::new(settings, addresses, http)
    }

    /// A client of the server at these addresses, none when they are no addresses.
    pub fn new(
        settings: &PartnerSettings,
        (authorize, token): (String, String),
        http: reqwest::Client,
    ) -> Option<Self> {
        let client = BasicClient::new(ClientId::new(settings.client_id.clone()))
            .set_client_secret(ClientSecret::new(
                settings.client_secret.expose_secret().to_owned(),
            ))
            .set_auth_uri(AuthUrl::new(authorize).ok()?)
            .set_token_uri(TokenUrl::new(token).ok()?)
            .set_redirect_uri(RedirectUrl::new(settings.redirect_uri.to_string()).ok()?);
        Some(Self { client, http })
    }

    /// Where a member agrees to `scopes`, with a fresh state and a fresh proof of who began it.
    pub fn way(&self, scopes: &[String]) -> Way {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = self
            .client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let state = SecretString::from(state.into_secret());
        Way { url, state, verifier: SecretString::from(verifier.into_secret()) }
    }

    /// A token for the programme itself.
    pub async fn for_us(&self, deadline: Instant) -> Result<BasicTokenResponse, NoTokens> {
        let call = self.over(deadline);
        self.client.exchange_client_credentials().request_async(&call).await.map_err(meaning)
    }

    /// Tokens for the code that a member came back with.
    pub async fn for_code(
        &self,
        code: &SecretString,
        verifier: &SecretString,
        deadline: Instant,
    ) -> Result<BasicTokenResponse, NoTokens> {
        let call = self.over(deadline);
        let code = AuthorizationCode::new(code.expose_secret().to_owned());
        let verifier = PkceCodeVerifier::new(verifier.expose_secret().to_owned());
        let request = self.client.exchange_code(code).set_pkce_verifier(verifier);
        request.request_async(&call).await.map_err(meaning)
    }

    /// Fresh tokens for a refresh token.
    pub async fn refreshed(
        &self,
        refresh: &SecretString,
        deadline: Instant,
    ) -> Result<BasicTokenResponse, NoTokens> {
        let call = self.over(deadline);
        let refresh = RefreshToken::new(refresh.expose_secret().to_owned());
        self.client.exchange_refresh_token(&refresh).request_async(&call).await.map_err(meaning)
    }

    /// The library's requests over our bounded calls.
    fn over(
        &self,
        deadline: Instant,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, Unanswered>> {
        let http = self.http.clone();
        move |request| Box::pin(call(http.clone(), request, deadline))
    }
}

async fn call(
    http: reqwest::Client,
    request: HttpRequest,
    deadline: Instant,
) -> Result<HttpResponse, Unanswered> {
    let (head, body) = request.into_parts();
    let request = http.request(head.method, head.uri.to_string()).headers(head.headers).body(body);
    let answer = send(request, deadline).await.map_err(Unanswered)?;
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Unanswered(NoAnswer::NotSent("rate_limited")));
    }
    if !answer.status.is_success() && !answer.status.is_client_error() {
        return Err(Unanswered(NoAnswer::Lost("server_error")));
    }
    let kind = if answer.is_json { "application/json" } else { "application/octet-stream" };
    oauth2::http::Response::builder()
        .status(answer.status)
        .header(CONTENT_TYPE, kind)
        .body(answer.body)
        .map_err(|_| Unanswered(NoAnswer::Lost("unreadable_answer")))
}

fn meaning(error: RequestTokenError<Unanswered, BasicErrorResponse>) -> NoTokens {
    use BasicErrorResponseType as Said;
    match error {
        RequestTokenError::Request(Unanswered(NoAnswer::NotSent(why))) => NoTokens::NotAsked(why),
        RequestTokenError::Request(Unanswered(NoAnswer::Lost(why))) => NoTokens::Unknown(why),
        RequestTokenError::ServerResponse(said) => match said.error() {
            Said::InvalidGrant => NoTokens::GrantNotTaken,
            Said::InvalidClient => NoTokens::Refused("invalid_client"),
            Said::UnauthorizedClient => NoTokens::Refused("unauthorized_client"),
            Said::InvalidScope => NoTokens::Refused("invalid_scope"),
            Said::InvalidRequest => NoTokens::Refused("invalid_request"),
            Said::UnsupportedGrantType => NoTokens::Refused("unsupported_grant_type"),
            Said::Extension(_) => NoTokens::Unknown("undocumented_refusal"),
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            NoTokens::Unknown("token_unreadable")
        }
    }
}

/// What a partner gave: the access token, and how long it lasts, in seconds. None, when it is no
/// token that could be used.
pub(super) fn granted(answer: &BasicTokenResponse) -> Option<(SecretString, i64)> {
    let is_bearer = answer.token_type().as_ref().eq_ignore_ascii_case("bearer");
    let seconds = answer.expires_in().map_or(LASTS_SECONDS, |lasts| lasts.as_secs());
    let token = SecretString::from(answer.access_token().secret().to_owned());
    let is_good = is_bearer && seconds > 0 && is_sendable(&token);
    is_good.then(|| (token, seconds.min(LONGEST_SECONDS).cast_signed()))
}

/// Whether it can stand in a header: kept otherwise, it would spoil every call until it ends.
pub(super) fn is_sendable(token: &SecretString) -> bool {
    let token = token.expose_secret();
    (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}
