//! Which request is this? An id made here, shown to the client and written to the log.
//!
//! *Why not the client's own*: an id from outside could be repeated, or carry personal data into
//! the log.
//!
//! Rows: U6.

use std::future::Future;

use uuid::Uuid;

/// The id of one request.
pub type RequestId = Uuid;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of the request that is being answered, where there is one.
#[must_use]
pub fn request_id() -> Option<RequestId> {
    CURRENT.try_with(|id| *id).ok()
}

/// Answers a request under this id.
pub async fn with_request_id<F: Future>(id: RequestId, answer: F) -> F::Output {
    CURRENT.scope(id, answer).await
}
