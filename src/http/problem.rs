//! What is said when something cannot be done? One table of codes, one type, one form (RFC 9457).
//!
//! [`Problem`] is the only error that becomes a response. The table below gives for every code its
//! status, a title and what the caller should do; the API document lists the same table.
//!
//! *Guarantees*: a code keeps its meaning. No answer repeats what a client sent in a value, a token
//! or a body; an answer with status 500 says nothing but an id, the log has the rest under it.
//!
//! Rows: Q2, C4.

use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::operations::request_id;
use crate::access::AccessError;

macro_rules! codes {
    ($($name:ident $code:literal $status:literal $title:literal $advice:literal)+) => {
        /// A code that clients can rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each code says in the table what it means")]
        pub enum Code { $($name,)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name in answers.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// Its HTTP status.
            #[must_use]
            pub fn status(self) -> StatusCode {
                let number = match self { $(Self::$name => $status,)+ };
                StatusCode::from_u16(number).expect("the table holds valid statuses")
            }

            /// What it means, in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What the caller should do.
            #[must_use]
            pub fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)+ }
            }
        }
    };
}

codes! {
    MalformedJson "malformed_json" 400 "The body is not JSON"
        "Send one JSON object in UTF-8; `line` and `column` say where reading stopped."
    InvalidField "invalid_field" 422 "A field is not as it should be"
        "`field` names it and `detail` says what is expected there."
    UnsupportedMediaType "unsupported_media_type" 415 "The body is of another kind than JSON"
        "Send `Content-Type: application/json`."
    TooLarge "too_large" 413 "The body is too large"
        "Send less; the limits are in the description of each operation."
    InvalidQuery "invalid_query" 400 "The query string is not as it should be"
        "`detail` says which parameters there are and what they hold."
    InvalidPosition "invalid_position" 400 "Ledger-Min-Position is not a position"
        "Send the whole number that an earlier answer gave as Ledger-Position."
    IdempotencyKeyInvalid "idempotency_key_invalid" 400 "The Idempotency-Key cannot be used"
        "Send 1 to 255 visible ASCII characters, quoted or bare."
    IdempotencyKeyReused "idempotency_key_reused" 422 "This key came with another body before"
        "Use a fresh Idempotency-Key for every new request; repeat the same body with the same key."
    InProgress "in_progress" 409 "The first request with this key is still running"
        "Send the same request again after Retry-After seconds."
    TokenMissing "token_missing" 401 "Please sign in"
        "Send `Authorization: Bearer <token>`."
    TokenNotAccepted "token_not_accepted" 401 "The token is not accepted"
        "Sign in again and send the new token."
    TokenExpired "token_expired" 401 "The token has expired"
        "Refresh it or sign in again."
    RoleRequired "role_required" 403 "This is for people with another role"
        "Use a token with one of the roles in `needed`."
    SecondFactorRequired "second_factor_required" 403 "A second proof is needed"
        "Sign in with a second factor (aal2) and send the request again."
    NotFound "not_found" 404 "There is nothing here"
        "Check the address and the id; what belongs to somebody else is answered the same."
    MethodNotAllowed "method_not_allowed" 405 "This address has other methods"
        "Use one of the methods in the Allow header."
    NotClaimable "not_claimable" 409 "This reward cannot be claimed now"
        "Look at its status: it may wait for something else, or be over."
    AlreadyClaimed "already_claimed" 409 "This reward was already claimed with another partner"
        "Look at the reward; one claim is made for each."
    PartnerUnavailable "partner_unavailable" 409 "This partner cannot give anything at the moment"
        "Choose one of the partners in `available`, or try again later."
    PartnerNotEligible "partner_not_eligible" 422 "This partner does not offer this reward"
        "Choose one of the partners in `eligible`."
    AccountNeeded "account_needed" 409 "This partner credits an account, and none is linked"
        "Link an account with this partner first, or choose another one."
    ConsentRequired "consent_required" 409 "Your agreement is needed first"
        "Show `text`, and PUT /api/consents with `purpose`, `partner_id` and `text_version`."
    AccountNotAccepted "account_not_accepted" 422 "This account could not be confirmed"
        "Check the number and the code with the partner, and try again."
    AlreadyLinked "already_linked" 409 "Another account is linked with this partner"
        "Unlink it first (DELETE the same address)."
    LinkNotBegun "link_not_begun" 409 "This link was not begun here, or is over"
        "Begin again: POST /api/partners/{id}/authorize; an address is good once, for ten minutes."
    LinkNotAgreed "link_not_agreed" 409 "Nothing was linked"
        "The member did not agree at the partner; nothing was kept. They can begin again."
    LinkNotCompleted "link_not_completed" 409 "The partner did not complete the link"
        "Begin again: POST /api/partners/{id}/authorize."
    AccountNotVerified "account_not_verified" 409 "The partner has not confirmed this account"
        "Look at `verification_status`; only a verified account can be asked about."
    ContactNeeded "contact_needed" 409 "There is no way to get in touch yet"
        "Report an e-mail address of the member first."
    ReferralNotTaken "referral_not_taken" 409 "This service cannot take it on at the moment"
        "Show the other support services; all of them can be called."
    CapabilityNotSupported "capability_not_supported" 409 "This partner does not offer that"
        "See `capabilities` in the list of partners."
    PartnerNotAnswering "partner_not_answering" 503 "The partner does not answer at the moment"
        "Send the same request again after Retry-After seconds."
    NothingToReveal "nothing_to_reveal" 409 "This reward has no voucher to show"
        "Look at its status; once a voucher is issued it can be shown."
    AlreadyDone "already_done" 409 "This was done before"
        "Nothing more is needed; `first` says what it came to."
    WrongAttempt "wrong_attempt" 409 "It has moved on"
        "Look again, and name the attempt it is at: `present_attempt_id`."
    Unsettled "unsettled" 409 "Nobody knows yet how the last attempt ended"
        "Wait until the partner has answered, or resolve it (two people) and then go on."
    NotPossibleNow "not_possible_now" 409 "This is not possible as it stands"
        "Look at its `status` and at `possible`, which lists what can be done."
    GivenBefore "given_before" 409 "This was given for something else before"
        "Nothing was changed. Check the partner's id; each voucher and credit is given once."
    SamePerson "same_person" 409 "A second person is needed"
        "You have said so already; ask somebody else of the team to say the same."
    OutcomeDiffers "outcome_differs" 409 "The first person said something else"
        "Nothing was changed. Agree on what happened; the first word lapses after a day."
    DateNotAccepted "date_not_accepted" 422 "This date cannot be right"
        "Send a local date from 2000-01-01 up to the member's today."
    EndpointExists "endpoint_exists" 409 "This address is told already"
        "Change its secret (POST …/{id}/rotate) to see one, or delete it first."
    TooManyEndpoints "too_many_endpoints" 409 "There are as many endpoints as there can be"
        "Delete one that is no longer needed first."
    EndpointGone "endpoint_gone" 409 "This endpoint takes no more notices"
        "It answered 410: delete it, and enter it anew when it is back."
    StatementFaulty "statement_faulty" 422 "The statement has faults"
        "It was kept and nothing of it counts. Mend what `faults` lists, by line; send it again."
    BankLinesFaulty "bank_lines_faulty" 422 "The bank's lines have faults"
        "Nothing was recorded. Mend what `faults` lists, by line; send the file again."
    BankLineDiffers "bank_line_differs" 409 "A bank reference is in the books with other facts"
        "Look at what `faults` lists, by line: the bank's id stands for one line for ever."
    ReasonRequired "reason_required" 422 "A correction needs a reason"
        "Send `reason` in plain words; it takes back no reward."
    NoJourney "no_journey" 409 "No journey was reported for this member yet"
        "Report the journey first."
    MemberErased "member_erased" 409 "This person asked to be forgotten"
        "Nothing can be kept or shown about them any more."
    NotYet "not_yet" 503 "The answer has not caught up with that position yet"
        "Ask again after Retry-After seconds; `reached` says how far it is."
    Busy "busy" 503 "Too much is happening to this at once"
        "Send the same request again after Retry-After seconds; nothing was recorded."
    TooManyRequests "too_many_requests" 429 "Too much came from there"
        "Send the same request again after Retry-After seconds."
    TimedOut "timed_out" 503 "This took too long"
        "Send the same request with the same Idempotency-Key again."
    Unavailable "unavailable" 503 "The ledger cannot be reached"
        "Send the same request again after Retry-After seconds."
    KeysUnavailable "keys_unavailable" 503 "Tokens cannot be checked at the moment"
        "Try again after Retry-After seconds."
    MigrationNeeded "migration_needed" 503 "The database is older than this program"
        "Run `anchor migrate`."
    Behind "behind" 503 "A read model stands still or is far behind"
        "See `projections`: a halted one says why in the log."
    NotJson "not_json" 400 "The notice is not a JSON object"
        "Sign and send one JSON object in UTF-8, at most 64 levels deep."
    SignatureNotAccepted "signature_not_accepted" 401 "The signature is not accepted"
        "Sign id, timestamp and the exact bytes with the secret agreed on, and send at once."
    PartnerUnknown "partner_unknown" 404 "No notices are taken from this partner"
        "Check the address; the partner may not be set up here."
    Internal "internal" 500 "Something went wrong on our side"
        "Tell support the id in `instance`; the same request may be sent again."
}

/// Why a request was not carried out, as the client reads it.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    facts: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// The problem of that code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let mut problem = Self { code, detail: None, facts: Map::new(), headers: Vec::new() };
        if code.status() == StatusCode::SERVICE_UNAVAILABLE || code == Code::InProgress {
            problem.headers.push((RETRY_AFTER, HeaderValue::from_static("1")));
        }
        problem
    }

    /// Says more about this one case. Never pass on text that a client or a partner sent.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a fact that a program can read.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("facts are plain values");
        self.facts.insert(name.to_owned(), value);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Something failed that a caller can do nothing about: written to the log with its whole chain
    /// of causes, answered with an id.
    #[must_use]
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error, "a request failed inside");
        Self::new(Code::Internal)
    }

    /// Something Anchor stands on, as its database, cannot be reached: logged, and worth a repeat.
    #[must_use]
    pub fn unavailable(error: &(dyn Error + 'static)) -> Self {
        tracing::warn!(error, "a request met something that is not available");
        Self::new(Code::Unavailable)
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("type".to_owned(), type_of(self.code).into());
        body.insert("title".to_owned(), self.code.title().into());
        body.insert("status".to_owned(), self.code.status().as_u16().into());
        body.insert("code".to_owned(), self.code.as_str().into());
        if self.code != Code::Internal {
            let detail = self.detail.as_deref().unwrap_or(self.code.advice());
            body.insert("detail".to_owned(), detail.into());
        }
        if let Some(id) = request_id() {
            body.insert("instance".to_owned(), format!("urn:uuid:{id}").into());
        }
        body.extend(self.facts.clone());
        Value::Object(body)
    }
}

/// Where the API document describes a code.
#[must_use]
pub fn type_of(code: Code) -> String {
    format!("/api/openapi.json#/x-problems/{}", code.as_str())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        for header in &self.headers {
            response.insert_header(header.clone());
        }
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        response.body(self.body().to_string())
    }
}

impl From<&AccessError> for Problem {
    fn from(error: &AccessError) -> Self {
        let code = match error {
            AccessError::Missing => Code::TokenMissing,
            AccessError::NotAccepted(_) => Code::TokenNotAccepted,
            AccessError::Expired => Code::TokenExpired,
            AccessError::RoleRequired { .. } => Code::RoleRequired,
            AccessError::KeysUnavailable => Code::KeysUnavailable,
        };
        let problem = Self::new(code);
        match error {
            AccessError::RoleRequired { needed } => problem.fact("needed", needed),
            AccessError::KeysUnavailable => problem,
            AccessError::Missing | AccessError::NotAccepted(_) | AccessError::Expired => problem
                .header(
                    actix_web::http::header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"anchor\""),
                ),
        }
    }
}

impl ResponseError for AccessError {
    fn status_code(&self) -> StatusCode {
        Problem::from(self).status_code()
    }

    fn error_response(&self) -> HttpResponse {
        Problem::from(self).error_response()
    }
}

/// The shape of a problem, for the API document; answers are made from [`Problem`].
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemShape {
    /// Where this document describes the code.
    pub r#type: String,
    /// The code in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable: programs rely on this one.
    pub code: String,
    /// What to do.
    pub detail: Option<String>,
    /// The id under which the log has this request.
    pub instance: Option<String>,
}
