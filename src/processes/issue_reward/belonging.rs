//! Is what a partner gave for this reward perhaps another's already? Each voucher, credit and code
//! belongs to the first reward it was given for, for ever; so does the reference it was given for,
//! by which the partner's later word of it is told from another.
//!
//! *Why a table of its own*: two answers may come at the same instant, and read models are behind.
//! Asked before the answer becomes an event, so that the log never holds one voucher twice.
//!
//! Rows: R2, D4. Cases: C24.

use domain::ids::PartnerId;
use uuid::Uuid;

use super::send::InHand;
use super::worker::IssueReward;
use crate::partners::Accepted;

impl IssueReward {
    /// Notes that this value is this reward's; answers whether it is.
    ///
    /// # Errors
    /// When the database cannot be reached: nothing is taken then.
    pub(super) async fn belongs_here(
        &self,
        hand: &InHand,
        (attempt, partner): (u32, &PartnerId),
        accepted: &Accepted,
    ) -> anyhow::Result<bool> {
        let (mut names, mut values) = match accepted {
            Accepted::Voucher(voucher) => {
                let code = self.vault.partner_tag(partner, "voucher_code", &voucher.code);
                (vec!["voucher_id", "code"], vec![voucher.voucher_id.clone(), code])
            }
            Accepted::Credit(credit) => (vec!["credit_id"], vec![credit.credit_id.clone()]),
        };
        names.push("reference");
        values.push(self.reference_of(hand, attempt, partner));
        sqlx::query(
            "INSERT INTO given_values (partner_id, what, value, reward_id)
             SELECT $1, w, v, $4 FROM unnest($2::text[], $3::text[]) AS u(w, v)
             ON CONFLICT DO NOTHING",
        )
        .bind(partner.as_str())
        .bind(&names)
        .bind(&values)
        .bind(hand.id.0)
        .execute(&self.pool)
        .await?;
        let owners: Vec<Uuid> = sqlx::query_scalar(
            "SELECT g.reward_id FROM given_values g
               JOIN unnest($2::text[], $3::text[]) AS u(w, v) ON g.what = u.w AND g.value = u.v
              WHERE g.partner_id = $1",
        )
        .bind(partner.as_str())
        .bind(&names)
        .bind(&values)
        .fetch_all(&self.pool)
        .await?;
        Ok(owners.len() == names.len() && owners.iter().all(|owner| *owner == hand.id.0))
    }
    /// As it was requested, or is being requested at this moment.
    fn reference_of(&self, hand: &InHand, attempt: u32, partner: &PartnerId) -> String {
        let requested = hand.reward.attempt(attempt).map(|known| known.reference.clone());
        requested.unwrap_or_else(|| {
            self.vault.reference(hand.id, partner, hand.reward.rounds_at(partner) + 1)
        })
    }
}
