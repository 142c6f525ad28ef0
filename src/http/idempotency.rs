//! Has this request been answered before? The same key and body get the same answer (F1).
//!
//! [`once`] stands around every route that moves something. The first request with an
//! `Idempotency-Key` starts; a repeat gets the saved answer, marked `Idempotency-Replayed: true`;
//! the same key with another body is refused; a repeat while the first still runs is told so. What
//! a key means is bounded by who sent it, the method and the path. Answers are kept for 24 hours.
//!
//! *Why it is here and not in the handlers*: no route can forget it. It is a convenience for
//! answers, not the guard of value: that one is the ledger's own and holds for ever.
//!
//! *Guarantees*: a keyed request runs to its end and is saved even when its client hangs up. An
//! answer that says `no-store`, as one with a voucher code does, is never saved. Failures of ours
//! and refusals for want of a right are not saved either: the repeat is tried anew. A run that died
//! is taken over after a minute.
//!
//! Rows: F1, C4.

use actix_web::body::{BoxBody, MessageBody, to_bytes_limited};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError, web};
use futures::stream;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tracing::Instrument;
use uuid::Uuid;

use super::json::{MAX_BODY_BYTES, read};
use super::operations::{request_id, with_request_id};
use super::position::LEDGER_POSITION;
use super::problem::{Code, Problem};
use crate::access::roles::person_of;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const MAX_KEY_BYTES: usize = 255;
const MAX_SAVED_BYTES: usize = 64 * 1024;

/// Where answers are kept.
#[derive(Clone)]
pub struct SavedAnswers {
    pool: PgPool,
}

/// What to do with a keyed request.
#[derive(Debug)]
pub enum NextStep {
    /// It is the first: carry it out, then save or forget.
    Start(Run),
    /// It was answered before.
    Saved(SavedAnswer),
}

/// A keyed request that is being carried out.
#[derive(Debug)]
pub struct Run {
    scope_digest: [u8; 32],
    run_id: Uuid,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedAnswer {
    /// The HTTP status.
    pub status: u16,
    /// What Ledger-Position said.
    pub ledger_position: Option<i64>,
    /// The body, JSON.
    pub body: String,
}

/// Whose key it is, and for what: the same text from somebody else or elsewhere is another key.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The token's subject.
    pub subject: Uuid,
    /// The HTTP method.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// What the client sent.
    pub key: &'a str,
}

impl Scope<'_> {
    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let parts = [self.subject.as_bytes(), self.method.as_bytes(), self.path.as_bytes()];
        for part in parts.into_iter().chain([self.key.as_bytes()]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

/// Takes the place for a run: when there is none, when it is older than a day, or when the same
/// request was begun a minute ago and never ended.
const BEGIN: &str = "
    INSERT INTO public.idempotent_requests AS kept (scope_digest, body_digest, run_id, begun_at)
    VALUES ($1, $2, $3, clock_timestamp())
    ON CONFLICT (scope_digest) DO UPDATE
       SET body_digest = excluded.body_digest, run_id = excluded.run_id,
           begun_at = excluded.begun_at, status = NULL, ledger_position = NULL, body = NULL
     WHERE kept.begun_at < clock_timestamp() - interval '24 hours'
        OR (kept.status IS NULL AND kept.body_digest = excluded.body_digest
            AND kept.begun_at < clock_timestamp() - interval '60 seconds')";
const LOOK_UP: &str = "
    SELECT body_digest, status, ledger_position, body
      FROM public.idempotent_requests WHERE scope_digest = $1";
const SAVE: &str = "
    UPDATE public.idempotent_requests SET status = $3, ledger_position = $4, body = $5
     WHERE scope_digest = $1 AND run_id = $2";
const FORGET: &str =
    "DELETE FROM public.idempotent_requests WHERE scope_digest = $1 AND run_id = $2";
const FORGET_OLD: &str = "
    DELETE FROM public.idempotent_requests
     WHERE begun_at < clock_timestamp() - interval '25 hours'";

type KeptRow = (Vec<u8>, Option<i16>, Option<i64>, Option<String>);

impl SavedAnswers {
    /// Answers kept in this database; the role needs the rights of the application.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Starts a keyed request, or finds how it was answered.
    ///
    /// # Errors
    /// `idempotency_key_reused`, `in_progress`, or `unavailable`.
    pub async fn begin(&self, scope: &Scope<'_>, body: &[u8]) -> Result<NextStep, Problem> {
        let failed = |error: sqlx::Error| Problem::unavailable(&error);
        let run = Run { scope_digest: scope.digest(), run_id: Uuid::new_v4() };
        let body_digest: [u8; 32] = Sha256::digest(body).into();
        let begun = sqlx::query(BEGIN)
            .bind(run.scope_digest.as_slice())
            .bind(body_digest.as_slice())
            .bind(run.run_id);
        if begun.execute(&self.pool).await.map_err(failed)?.rows_affected() == 1 {
            return Ok(NextStep::Start(run));
        }
        let kept = sqlx::query_as::<_, KeptRow>(LOOK_UP).bind(run.scope_digest.as_slice());
        match kept.fetch_optional(&self.pool).await.map_err(failed)? {
            Some((digest, ..)) if digest != body_digest => {
                Err(Problem::new(Code::IdempotencyKeyReused))
            }
            Some((_, Some(status), ledger_position, Some(body))) => {
                let status = u16::try_from(status).expect("the table checks the range");
                Ok(NextStep::Saved(SavedAnswer { status, ledger_position, body }))
            }
            // Still running, or given up between the two statements: either way, come back.
            Some(_) | None => Err(Problem::new(Code::InProgress)),
        }
    }

    /// Keeps the answer of a run.
    ///
    /// # Errors
    /// When the database refuses; the request counts as running until it is taken over.
    pub async fn save(&self, run: &Run, answer: &SavedAnswer) -> Result<(), sqlx::Error> {
        let status = i16::try_from(answer.status).expect("an HTTP status has three digits");
        let save = sqlx::query(SAVE).bind(run.scope_digest.as_slice()).bind(run.run_id);
        let save = save.bind(status).bind(answer.ledger_position).bind(&answer.body);
        save.execute(&self.pool).await.map(|_| ())
    }

    /// Leaves nothing of a run: a repeat starts anew.
    ///
    /// # Errors
    /// When the database refuses; the request counts as running until it is taken over.
    pub async fn forget(&self, run: &Run) -> Result<(), sqlx::Error> {
        let forget = sqlx::query(FORGET).bind(run.scope_digest.as_slice()).bind(run.run_id);
        forget.execute(&self.pool).await.map(|_| ())
    }

    /// Deletes what nobody can ask for any more; for a process to call now and then.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_old(&self) -> Result<u64, sqlx::Error> {
        sqlx::query(FORGET_OLD).execute(&self.pool).await.map(|done| done.rows_affected())
    }
}

/// Stands around every route that moves something.
///
/// # Errors
/// Only those of the server itself; problems are answers.
pub async fn once<B: MessageBody + 'static>(
    saved: web::Data<SavedAnswers>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let key = match key_of(&request) {
        Ok(Some(key)) => key,
        Ok(None) => return Ok(next.call(request).await?.map_into_boxed_body()),
        Err(problem) => return Ok(request.into_response(problem.error_response())),
    };
    // Without a person the handler refuses, in its own words; nothing has to be remembered.
    let Ok(person) = person_of(request.request()).await else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let payload = request.parts_mut().1.take();
    let body = match read(request.request(), payload, MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(problem) => return Ok(request.into_response(problem.error_response())),
    };
    let scope = Scope {
        subject: person.id,
        method: request.method().as_str(),
        path: request.path(),
        key: &key,
    };
    let run = match saved.begin(&scope, &body).await {
        Ok(NextStep::Start(run)) => run,
        Ok(NextStep::Saved(answer)) => return Ok(request.into_response(replayed(&answer))),
        Err(problem) => return Ok(request.into_response(problem.error_response())),
    };
    request.set_payload(payload_of(body));
    let carried_out = async move { keep(&saved, &run, next.call(request).await).await };
    let id = request_id().unwrap_or_default();
    // On its own: a client that hangs up must not leave a key that is neither answered nor free.
    actix_web::rt::spawn(with_request_id(id, carried_out).in_current_span())
        .await
        .map_err(|error| Error::from(Problem::internal(&error)))?
}

fn key_of(request: &ServiceRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let invalid = || Problem::new(Code::IdempotencyKeyInvalid);
    let text = value.to_str().map_err(|_| invalid())?.trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_visible = bare.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if bare.is_empty() || bare.len() > MAX_KEY_BYTES || !is_visible {
        return Err(invalid());
    }
    Ok(Some(bare.to_owned()))
}

async fn keep<B: MessageBody + 'static>(
    saved: &SavedAnswers,
    run: &Run,
    answered: Result<ServiceResponse<B>, Error>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = match answered {
        Ok(answer) => answer,
        Err(error) => {
            warn_of(saved.forget(run).await);
            return Err(error);
        }
    };
    let (request, answer) = answer.into_parts();
    let (head, body) = answer.into_parts();
    let bytes = to_bytes_limited(body, MAX_SAVED_BYTES).await;
    let Ok(Ok(bytes)) = bytes else {
        warn_of(saved.forget(run).await);
        return Err(Problem::internal(&TooLongToSave).into());
    };
    match savable(&head, &bytes) {
        Some(answer) => warn_of(saved.save(run, &answer).await),
        None => warn_of(saved.forget(run).await),
    }
    Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(bytes))))
}

/// Decisions are kept: what was done, and what the rules refused. Not kept: secrets, failures of
/// ours, and requests that were never understood or allowed.
fn savable(head: &HttpResponse<()>, body: &[u8]) -> Option<SavedAnswer> {
    let status = head.status().as_u16();
    let is_decision = matches!(status, 200..=299 | 409 | 422);
    let says_no_store = head
        .headers()
        .get(CACHE_CONTROL)
        .is_some_and(|value| value.as_bytes().windows(8).any(|part| part == b"no-store"));
    if !is_decision || says_no_store {
        return None;
    }
    let position = head.headers().get(LEDGER_POSITION);
    let ledger_position = position.and_then(|value| value.to_str().ok()?.parse().ok());
    Some(SavedAnswer { status, ledger_position, body: String::from_utf8(body.to_vec()).ok()? })
}

fn replayed(answer: &SavedAnswer) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(answer.status);
    let mut response = HttpResponse::build(status.expect("it was sent with this status before"));
    let kind = if answer.status < 400 { "application/json" } else { "application/problem+json" };
    response.insert_header((CONTENT_TYPE, kind));
    response.insert_header((IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true")));
    if let Some(position) = answer.ledger_position {
        response.insert_header((LEDGER_POSITION, position));
    }
    response.body(answer.body.clone())
}

fn payload_of(body: web::Bytes) -> Payload {
    let whole = stream::once(async move { Ok(body) });
    Payload::Stream { payload: Box::pin(whole) }
}

fn warn_of(kept: Result<(), sqlx::Error>) {
    if let Err(error) = kept {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "an answer could not be kept; its repeat waits for a minute");
    }
}

#[derive(Debug, thiserror::Error)]
#[error("an answer was too long to be kept")]
struct TooLongToSave;
