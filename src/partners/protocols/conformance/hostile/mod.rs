//! What if a partner's answer redirects, drips, never ends, or is somebody else's? It ends in time,
//! as what it is: unknown once a byte may have arrived, deferred when none can have.
//!
//! - [`answers`]: every way to spoil an answer, for every kind of call
//! - [`certificates`]: who is not the partner, and HTTP/2 that never finishes
//! - [`bounds`]: memory, deadlines, and what is shared by those who wait
//! - [`desk`]: the socket that does all this

mod answers;
mod bounds;
mod certificates;
mod desk;

use std::time::Duration;

use crate::partners::calls::Timeouts;

/// Short, so that what never ends is over soon; longer than a busy machine takes for a true answer.
const HASTY: Timeouts =
    Timeouts { connect: Duration::from_secs(5), answer: Duration::from_secs(6) };

/// Far beyond every time-out of a call: what is not over by then does not end.
const NEVER: Duration = Duration::from_secs(30);

/// Waits for what has to end by itself.
async fn ends<T>(what: &str, call: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(NEVER, call).await;
    ended.unwrap_or_else(|_| panic!("{what} does not end"))
}

/// Fails with everything that is not as it should be, and not with the first alone.
fn assert_as_expected(found: &[(&str, String)]) {
    assert!(found.is_empty(), "{found:#?}");
}
