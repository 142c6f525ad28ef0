//! Derives what is due for a link from its last event, and from the member's consent.
//!
//! Rows: R4, C1, D6.

#![deny(clippy::wildcard_enum_match_arm)]

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use domain::AnchorEvent;
use domain::ids::{MemberId, PartnerId};
use domain::member::{ConsentPurpose, MemberEvent};
use domain::partner_account::PartnerAccountEvent;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::projection::{Projection, ProjectionError, Recorded};

/// The key of its checkpoint.
pub const NAME: &str = "account_todo";
/// A partner that knows the account and has not said whose it is, is asked again after so long.
const ASKED_AGAIN_SECONDS: i64 = 60;

/// The todo table `account_todo`.
pub struct AccountTodo;

/// What a link's last event makes of its row.
struct Todo<'a> {
    member: MemberId,
    partner: &'a PartnerId,
    step: &'static str,
    /// Never, when none.
    next_at: Option<DateTime<Utc>>,
}

#[async_trait]
impl Projection for AccountTodo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static [&'static str] {
        &["account_todo"]
    }

    fn working_columns(&self) -> &'static [&'static str] {
        &["next_at", "lease_owner"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        for recorded in batch {
            match &recorded.event {
                AnchorEvent::PartnerAccount(event) => {
                    let Ok(account) = recorded.aggregate_id.parse::<Uuid>() else { continue };
                    if let Some(todo) = todo(event, recorded) {
                        write(account, &todo, recorded.sequence, tx).await?;
                    }
                }
                AnchorEvent::Member(MemberEvent::ConsentWithdrawn(e))
                    if e.purpose == ConsentPurpose::Link =>
                {
                    let Ok(member) = recorded.aggregate_id.parse::<Uuid>() else { continue };
                    end_links(member, &e.partner_id, recorded.recorded_at, tx).await?;
                }
                AnchorEvent::Member(_)
                | AnchorEvent::Journey(_)
                | AnchorEvent::Reward(_)
                | AnchorEvent::Partner(_)
                | AnchorEvent::PartnerStatement(_)
                | AnchorEvent::Period(_)
                | AnchorEvent::Settlement(_) => {}
            }
        }
        Ok(())
    }
}

async fn write(
    account: Uuid,
    todo: &Todo<'_>,
    sequence: i64,
    tx: &mut PgConnection,
) -> Result<(), ProjectionError> {
    sqlx::query(
        "INSERT INTO account_todo (account_id, member_id, partner_id, step, sequence, next_at)
         VALUES ($1, $2, $3, $4, $5, coalesce($6, 'infinity'::timestamptz))
         ON CONFLICT (account_id) DO UPDATE SET step = EXCLUDED.step, sequence = EXCLUDED.sequence,
                next_at = EXCLUDED.next_at, lease_owner = NULL",
    )
    .bind(account)
    .bind(todo.member.0)
    .bind(todo.partner.as_str())
    .bind(todo.step)
    .bind(sequence)
    .bind(todo.next_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// The member no longer agrees: every link with this partner has to end.
async fn end_links(
    member: Uuid,
    partner: &PartnerId,
    at: DateTime<Utc>,
    tx: &mut PgConnection,
) -> Result<(), ProjectionError> {
    sqlx::query(
        "UPDATE account_todo SET step = 'unlink', next_at = $3, lease_owner = NULL
          WHERE member_id = $1 AND partner_id = $2",
    )
    .bind(member)
    .bind(partner.as_str())
    .bind(at)
    .execute(tx)
    .await?;
    Ok(())
}

fn todo<'a>(event: &'a PartnerAccountEvent, recorded: &Recorded) -> Option<Todo<'a>> {
    use PartnerAccountEvent as E;
    let now = recorded.recorded_at;
    let (member, partner, step, next_at) = match event {
        E::AccountLinkRequested(e) => (e.member_id, &e.partner_id, "verify", Some(now)),
        E::AccountLinked(e) => {
            let later = now + Duration::seconds(ASKED_AGAIN_SECONDS);
            (e.member_id, &e.partner_id, "verify", Some(later))
        }
        E::AccountVerified(e) => (e.member_id, &e.partner_id, "done", None),
        // What was agreed to at the partner is given back.
        E::AccountRefused(e) => (e.member_id, &e.partner_id, "unlink", Some(now)),
        E::AccountUnlinked(e) => (e.member_id, &e.partner_id, "unlink", Some(now)),
        E::RelinkNeeded(e) => (e.member_id, &e.partner_id, "done", None),
        E::BillGenerated(_) | E::PaymentReceived(_) | E::LowBalanceReported(_) => return None,
    };
    Some(Todo { member, partner, step, next_at })
}
