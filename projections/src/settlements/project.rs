//! Writes down the bank's lines, and what floats became more or less by.
//!
//! Rows: A1, A2, Q3.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::AnchorEvent;
use domain::clean_days::local_date;
use domain::money::Currency;
use domain::partner::{PartnerDetailsChanged, PartnerEvent, PartnerRegistered};
use domain::period::BUSINESS_ZONE;
use domain::reward::FundingModel;
use domain::settlement::{SettlementEvent, SettlementRecorded};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::journal::{Posting, postings_of};
use crate::projection::{Projection, ProjectionError, Recorded};

/// The key of its checkpoint.
pub const NAME: &str = "settlements";
const FLOAT: &str = "assets:float:";

/// The read model `settlements`.
pub struct Settlements;

/// By partner, currency and day: what a float changed by, and what of it was issued.
type Floats = BTreeMap<(String, Currency, NaiveDate), (Decimal, Decimal)>;

#[async_trait]
impl Projection for Settlements {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["settlements", "partner_funding", "float_days"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let mut floats = Floats::new();
        for recorded in batch {
            if let AnchorEvent::Settlement(SettlementEvent::SettlementRecorded(e)) =
                &recorded.event
            {
                write(recorded, e, tx).await?;
            }
            if let AnchorEvent::Partner(
                PartnerEvent::PartnerRegistered(PartnerRegistered { details, .. })
                | PartnerEvent::PartnerDetailsChanged(PartnerDetailsChanged { details, .. }),
            ) = &recorded.event
            {
                note_funding(recorded, details.funding_model, tx).await?;
            }
            let postings = postings_of(&recorded.event);
            let day = local_date(recorded.event.occurred_at(), BUSINESS_ZONE);
            for posting in &postings {
                let Some((partner, change)) = of_float(posting) else { continue };
                // A reward takes from a float what is issued, and nothing else.
                let is_issue =
                    matches!(recorded.event, AnchorEvent::Reward(_)) && change.is_sign_negative();
                let issued = if is_issue { -change } else { Decimal::ZERO };
                let sums = floats.entry((partner, posting.currency, day)).or_default();
                *sums = (sums.0 + change, sums.1 + issued);
            }
        }
        Ok(add(floats, tx).await?)
    }
}

/// Whose float a posting changes, and by how much.
fn of_float(posting: &Posting) -> Option<(String, Decimal)> {
    let amount = posting.amount.decimal();
    let of = |account: &str| account.strip_prefix(FLOAT).map(str::to_owned);
    let more = of(&posting.debit_account).map(|partner| (partner, amount));
    more.or_else(|| of(&posting.credit_account).map(|partner| (partner, -amount)))
}

async fn write(
    recorded: &Recorded,
    e: &SettlementRecorded,
    tx: &mut PgConnection,
) -> Result<(), ProjectionError> {
    let id = recorded.stream()?;
    sqlx::query(
        "INSERT INTO settlements (position, id, partner_id, direction, amount, currency, booked_on,
                bank_reference, funding_model, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(recorded.position.0)
    .bind(id)
    .bind(e.partner_id.as_str())
    .bind(e.direction.as_str())
    .bind(e.amount.decimal())
    .bind(e.currency.as_str())
    .bind(e.booked_on)
    .bind(&e.bank_reference)
    .bind(e.funding_model.as_str())
    .bind(recorded.recorded_at)
    .execute(tx)
    .await?;
    Ok(())
}

async fn note_funding(
    recorded: &Recorded,
    model: Option<FundingModel>,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let Some(model) = model else { return Ok(()) };
    sqlx::query(
        "INSERT INTO partner_funding (partner_id, position, funding_model) VALUES ($1, $2, $3)",
    )
    .bind(&recorded.aggregate_id)
    .bind(recorded.position.0)
    .bind(model.as_str())
    .execute(tx)
    .await?;
    Ok(())
}

async fn add(floats: Floats, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    for ((partner, currency, day), (change, issued)) in floats {
        sqlx::query(
            "INSERT INTO float_days (partner_id, currency, day, change, issued)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (partner_id, currency, day) DO UPDATE
                SET change = float_days.change + EXCLUDED.change,
                    issued = float_days.issued + EXCLUDED.issued",
        )
        .bind(partner)
        .bind(currency.as_str())
        .bind(day)
        .bind(change)
        .bind(issued)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
