//! What do those see who keep it running? Health, measurements, and one log line per request.
//!
//! [`observe`] stands around every request: it gives it an id, a deadline, a span and a place in
//! the measurements, and sets the headers that every answer has. [`health`] answers the platform,
//! [`metrics`] Prometheus.
//!
//! Rows: U6.

pub mod health;
pub mod metrics;
mod observe;
mod request_id;

pub use metrics::Metrics;
pub use observe::observe;
pub use request_id::{RequestId, request_id, with_request_id};
