//! When does a process take its next turn? At once while there is work, else when woken or due.
//!
//! Every process is a loop of turns. A turn claims what is due, works on it and says how much that
//! was; with nothing done the loop sleeps until the read model behind its todo table moves, and at
//! most a second, since a timer may come due meanwhile. Errors are logged and followed by a pause:
//! the leases of what was claimed run out and it is claimed again.

use std::time::Duration;

use domain::ids::Position;
use tokio::sync::watch;

/// With nothing to do, look again after so long: a timer may have come due.
const IDLE: Duration = Duration::from_secs(1);
/// After an error, wait so long.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// Takes turns until `stop` says true; a turn that has begun is finished.
pub async fn take_turns<F, Turn>(
    name: &'static str,
    mut turn: F,
    mut wake: watch::Receiver<Position>,
    mut stop: watch::Receiver<bool>,
) where
    F: FnMut() -> Turn,
    Turn: Future<Output = anyhow::Result<usize>>,
{
    while !*stop.borrow_and_update() {
        wake.mark_unchanged();
        let pause = match turn().await {
            Ok(0) => IDLE,
            Ok(_) => continue,
            Err(error) => {
                tracing::error!(process = name, error = format!("{error:#}"), "a turn failed");
                AFTER_ERROR
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            moved = wake.changed() => if moved.is_err() { tokio::time::sleep(pause).await },
            _ = stop.changed() => {}
        }
    }
}
