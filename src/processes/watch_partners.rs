//! Is a partner back that was left alone? Asked once its while is over, with no order.
//!
//! Rows: D5.

use std::time::Duration;

use tokio::sync::watch;

use crate::partners::Partners;

const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks after breakers until `stop` says true.
pub async fn watch_partners(partners: Partners, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        partners.try_again(PATIENCE).await;
        tokio::select! { () = tokio::time::sleep(BETWEEN_LOOKS) => {}, _ = stop.changed() => {} }
    }
}
