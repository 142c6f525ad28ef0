//! Whose voucher's last day is over? What nobody spent is booked as expired, once.
//!
//! The day is the partner's: the voucher is good through the whole of it, and it is booked as
//! expired at the first instant after, also when that is found out later: the books and the
//! partner's statement mean the same day. A redemption that the partner dates before it and reports
//! later is still accepted by the reward.
//!
//! Rows: R5.

use domain::ids::RewardId;
use domain::reward::{Reward, RewardCommand};

use crate::ledger::{Context, ExecuteError, Ledger};

/// Records that the reward's voucher has expired, with what was left on it.
///
/// # Errors
/// When the ledger cannot take the event. A voucher that is spent or void already is left alone.
pub async fn expire_voucher(
    ledger: &Ledger,
    id: RewardId,
    reward: &Reward,
    now: chrono::DateTime<chrono::Utc>,
) -> anyhow::Result<()> {
    let Some(voucher) = reward.voucher() else { return Ok(()) };
    let command = RewardCommand::ExpireVoucher {
        voucher_id: voucher.voucher_id.clone(),
        at: voucher.expires_at.map_or(now, |over| over.min(now)),
        unspent: None,
    };
    let context = Context::new("process:expire_vouchers", "its last day is over");
    match ledger.execute::<Reward, _>(&id.to_string(), command, &context).await {
        Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
