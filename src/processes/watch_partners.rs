//! Is a partner back that was left alone? Asked once its while is over, with no order.
//!
//! Rows: D5.

use std::time::Duration;

use tokio::sync::watch;

use crate::partners::Partners;

const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// For a token and a slow answer: a partner that would serve orders counts as back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks after breakers until `stop` says true.
pub async fn watch_partners(partners: Partners, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        let look = async {
            partners.try_again(PATIENCE).await;
            tokio::time::sleep(BETWEEN_LOOKS).await;
        };
        tokio::select! { () = look => {}, _ = stop.changed() => {} }
    }
}
