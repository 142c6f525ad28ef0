//! Does a partner's API keep the promises of the published protocol? Tried from outside, and
//! written down under a signature.
//!
//! The kit is a client like any other: it knows an address, credentials, and the documents that
//! partners' engineers have. It orders value, asks for it again in every way that goes wrong in
//! practice, takes the webhooks that follow and reads the statement of the day. What it sends and
//! how it reads answers is the code that orders in earnest (`partners::protocols`), so what passes
//! here is what works there.
//!
//! - [`Kit`]: what a run needs; [`run`] does it
//! - `check`: a promise, and what came of it; nothing secret gets into it
//! - `caller`: calls, each timed and bounded; `listener`: webhooks in
//! - `promises`: what is tried
//! - [`Report`]: for people and programs; [`SealKey`], [`SignedReport`]: its signature
//!
//! *Guarantees*: without every promise kept, and every one tried, there is no certificate; a report
//! holds no code, token, secret or account number; every call ends by its deadline.
//!
//! Rows: P7, P10, P11.

mod caller;
mod check;
mod listener;
mod promises;
mod report;
mod run;
mod seal;
#[cfg(test)]
mod tests;

pub use caller::Patience;
pub use check::{Check, Finding};
pub use listener::Listener;
pub use report::{KIT, Report, Steps, api_of};
pub use run::{Kit, KitError, run};
pub use seal::{Certificate, NotGenuine, SealKey, SignedReport};
