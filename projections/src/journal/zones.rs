//! On which business day does an event count? By the calendar of the partner it is about.
//!
//! A partner says in which zone its days begin ([`PartnerEvent::PartnerRegistered`] and what
//! follows it in the log); where nobody says anything, days begin in [`BUSINESS_ZONE`]. A line of
//! our bank's and a partner's statement name their day themselves.
//!
//! Rows: A1, A3.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::AnchorEvent;
use domain::clean_days::local_date;
use domain::ids::PartnerId;
use domain::partner::PartnerEvent;
use domain::period::BUSINESS_ZONE;
use sqlx::PgConnection;

use super::postings::Posting;
use super::settled::day_named_by;
use crate::projection::Recorded;

/// In which zone each partner's days begin, as of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zones(BTreeMap<String, Tz>);

impl Zones {
    /// Takes note of what an event says of a zone; whether it said anything.
    pub fn note(&mut self, recorded: &Recorded) -> bool {
        let Some(zone) = zone_of(&recorded.event) else { return false };
        self.0.insert(recorded.aggregate_id.clone(), zone);
        true
    }

    /// The business day of an event that posts this.
    #[must_use]
    pub fn day(&self, recorded: &Recorded, postings: &[Posting]) -> NaiveDate {
        if let Some(named) = day_named_by(&recorded.event) {
            return named;
        }
        let partner = postings.iter().find_map(|posting| posting.partner_id.as_ref());
        let zone = partner.map_or(BUSINESS_ZONE, |partner| self.of(partner));
        local_date(recorded.event.occurred_at(), zone)
    }

    /// In which zone a partner's days begin.
    #[must_use]
    pub fn of(&self, partner: &PartnerId) -> Tz {
        self.0.get(partner.as_str()).copied().unwrap_or(BUSINESS_ZONE)
    }

    /// What a table says.
    ///
    /// # Errors
    /// When it cannot be read, or names a zone that there is not: a day is never guessed.
    pub async fn load(table: &str, tx: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let rows: Vec<(String, String)> =
            sqlx::query_as(&format!("SELECT partner_id, time_zone FROM {table}"))
                .fetch_all(tx)
                .await?;
        let known = rows.into_iter().map(|(partner, zone)| {
            let zone = zone.parse().map_err(|_| sqlx::Error::Decode(zone.into()))?;
            Ok((partner, zone))
        });
        Ok(Self(known.collect::<Result<_, sqlx::Error>>()?))
    }

    /// Keeps what is known in a table.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn keep(&self, table: &str, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        let partners: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let zones: Vec<&str> = self.0.values().map(|zone| zone.name()).collect();
        let statement = format!(
            "INSERT INTO {table} (partner_id, time_zone)
             SELECT * FROM unnest($1::text[], $2::text[])
             ON CONFLICT (partner_id) DO UPDATE SET time_zone = EXCLUDED.time_zone"
        );
        sqlx::query(&statement).bind(partners).bind(zones).execute(tx).await?;
        Ok(())
    }
}

fn zone_of(event: &AnchorEvent) -> Option<Tz> {
    match event {
        AnchorEvent::Partner(PartnerEvent::PartnerRegistered(e)) => Some(e.details.time_zone),
        AnchorEvent::Partner(PartnerEvent::PartnerDetailsChanged(e)) => Some(e.details.time_zone),
        AnchorEvent::Partner(_)
        | AnchorEvent::Reward(_)
        | AnchorEvent::PartnerAccount(_)
        | AnchorEvent::PartnerStatement(_)
        | AnchorEvent::Journey(_)
        | AnchorEvent::Member(_)
        | AnchorEvent::Period(_)
        | AnchorEvent::Settlement(_) => None,
    }
}
