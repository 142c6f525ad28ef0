//! Did value move once, and do both sides say the same of it?

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::{Evidence, ask};

/// States in a partner's book in which nothing can be spent any more because it was taken back.
const TAKEN_BACK: [&str; 3] = ["voided", "returned", "reversed"];

/// A voucher or a credit in a partner's book.
struct Held<'a> {
    partner: &'a str,
    reference: &'a str,
    id: &'a str,
    amount: Decimal,
    currency: &'a str,
    used: Decimal,
    is_live: bool,
}

fn held(book: &Value) -> Vec<Held<'_>> {
    let of = |kind: &str| book[kind].as_array().map(Vec::as_slice).unwrap_or_default();
    of("vouchers").iter().chain(of("credits")).map(one).collect()
}

fn one(value: &Value) -> Held<'_> {
    let text = |field: &str| value[field].as_str().unwrap_or_default();
    let amount: Decimal = text("amount").parse().unwrap_or_default();
    let used = match value["remaining"].as_str() {
        Some(left) => amount - left.parse::<Decimal>().unwrap_or_default(),
        None if ["on_bill", "loaded"].contains(&text("state")) => amount,
        None => Decimal::ZERO,
    };
    Held {
        partner: text("partner"),
        reference: text("reference"),
        id: text("partner_ref"),
        amount,
        currency: text("currency"),
        used,
        is_live: !TAKEN_BACK.contains(&text("state")),
    }
}

/// Which reward each reference belongs to.
async fn rewards_by_reference(pool: &PgPool) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT payload->>'reference', aggregate_id FROM events
          WHERE event_type = 'IssuanceRequested'",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().collect())
}

/// I1: in the partners' own books there is at most one live value per member, milestone and cycle,
/// which is to say per reward.
///
/// # Errors
/// When the database cannot be asked.
pub async fn at_most_one_live_value_per_reward(
    evidence: &Evidence<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let rewards = rewards_by_reference(evidence.pool).await?;
    let mut live: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for held in held(evidence.book).into_iter().filter(|held| held.is_live) {
        let reward = rewards.get(held.reference).map_or(held.reference, String::as_str);
        live.entry(reward).or_default().push(held.id);
    }
    let twice = live.into_iter().filter(|(_, values)| values.len() > 1);
    Ok(twice.map(|(reward, values)| format!("I1: {reward} has {values:?}")).collect())
}

/// I2: whatever a partner holds is issued here, or was found late, for the reward it was asked for,
/// with the same amount, or people are told; and nothing is on record here that no partner holds.
///
/// # Errors
/// When the database cannot be asked.
pub async fn what_partners_hold_is_issued_here_or_alarmed(
    evidence: &Evidence<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let rewards = rewards_by_reference(evidence.pool).await?;
    let issued: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT aggregate_id, coalesce(payload->>'voucher_id', payload->>'credit_id',
                                       payload->>'partner_ref'), payload->>'amount'
           FROM events WHERE event_type IN ('VoucherIssued', 'CreditApplied', 'LateIssueFound')",
    )
    .fetch_all(evidence.pool)
    .await?;
    let alarmed: Vec<String> =
        sqlx::query_scalar("SELECT subject FROM alerts WHERE resolved_at IS NULL")
            .fetch_all(evidence.pool)
            .await?;
    let all = held(evidence.book);
    let mut broken = Vec::new();
    for held in &all {
        let reward = rewards.get(held.reference).map_or("nothing", String::as_str);
        let is_issued = issued.iter().any(|(of, id, amount)| {
            of == reward
                && id == held.id
                && amount.parse().is_ok_and(|a: Decimal| a == held.amount)
        });
        if !is_issued && !alarmed.iter().any(|subject| subject.starts_with(reward)) {
            let Held { partner, id, amount, .. } = held;
            broken.push(format!("I2: {partner} holds {id} of {amount} for {reward}, we do not"));
        }
    }
    for (reward, id, amount) in &issued {
        if !all.iter().any(|held| held.id == id) {
            broken.push(format!("I2: {reward} has {id} of {amount}, and no partner knows it"));
        }
    }
    Ok(broken)
}

/// What each partner has given, but for the rewards that people have been told of.
///
/// # Errors
/// When the database cannot be asked.
pub async fn given_by_partner(
    pool: &PgPool,
    book: &Value,
    told: &BTreeSet<Uuid>,
) -> Result<BTreeMap<String, Decimal>, sqlx::Error> {
    let rewards = rewards_by_reference(pool).await?;
    let mut given = BTreeMap::new();
    for held in held(book) {
        let reward = rewards.get(held.reference).and_then(|reward| reward.parse().ok());
        if !reward.is_some_and(|reward| told.contains(&reward)) {
            *given.entry(held.partner.to_owned()).or_default() += held.amount;
        }
    }
    Ok(given)
}

/// I7: what the partners say that they issued and took, per partner and currency, is what our
/// figures say; what was issued is what was used, expired, voided and is still out; and the journal
/// comes to the same.
///
/// # Errors
/// When the database cannot be asked.
pub async fn sums_balance_per_partner_and_currency(
    evidence: &Evidence<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let mut theirs: BTreeMap<(String, String), (Decimal, Decimal)> = BTreeMap::new();
    for held in held(evidence.book) {
        let key = (held.partner.to_owned(), held.currency.to_owned());
        let sums = theirs.entry(key).or_default();
        *sums = (sums.0 + held.amount, sums.1 + held.used);
    }
    let ours: Vec<(String, String, Decimal, Decimal)> = sqlx::query_as(
        "SELECT partner_id, currency, sum(issued), sum(redeemed) FROM read.reconciliation
          WHERE partner_id <> '' GROUP BY partner_id, currency
         HAVING sum(issued) <> 0 OR sum(redeemed) <> 0",
    )
    .fetch_all(evidence.pool)
    .await?;
    let ours: BTreeMap<_, _> =
        ours.into_iter().map(|(partner, currency, i, r)| ((partner, currency), (i, r))).collect();
    let mut broken = Vec::new();
    for key in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let of =
            |sums: &BTreeMap<_, (Decimal, Decimal)>| sums.get(key).copied().unwrap_or_default();
        if of(&ours) != of(&theirs) {
            broken.push(format!("I7: {key:?}: ours {:?}, theirs {:?}", of(&ours), of(&theirs)));
        }
    }
    let journal =
        "SELECT format('%s %s of %s: %s in the events, %s in the journal', kind, currency,
                                 partner, by_events, by_journal)
          FROM (SELECT payload->>'currency' AS currency, payload->>'partner_id' AS partner,
                       event_type AS kind, sum((payload->>'amount')::numeric) AS by_events
                  FROM events WHERE event_type IN ('VoucherIssued', 'CreditApplied')
                 GROUP BY 1, 2, 3) e
          JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS by_journal FROM read.journal j
                         WHERE j.event_type = kind AND j.currency = e.currency
                           AND j.partner_id = partner) j ON true
         WHERE by_events <> by_journal";
    broken.extend(ask(evidence.pool, "I7", journal).await?);
    Ok(broken)
}
