//! How is a planned deed done? As its doer would: at the door, at the till, at the partner's desk.
//!
//! What cannot be done yet, since the reward is not there, is done another day, a few times.

pub mod under_way;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use domain::ids::{MemberId, RewardId};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::plan::{Deed, Member};
use super::world::World;

/// What became of a deed.
pub enum Done {
    /// It was said yes to: this must be in the log.
    Acknowledged(Acknowledged),
    /// Nothing that anybody could rely on.
    Nothing,
    /// What it is about is not there yet.
    NotYet,
}

/// A yes that somebody relies on.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    pub what: &'static str,
    /// The stream that was changed.
    pub stream: Uuid,
    /// The position that was answered.
    pub position: i64,
}

/// What a reward looks like.
struct Seen {
    status: String,
    partner: Option<String>,
    value: Option<String>,
}

/// Does it.
pub async fn perform(world: &World, member: &Member, deed: &Deed) -> Done {
    match deed {
        Deed::SetOut { days_ago } => {
            let started_on = today(world, member).await - Duration::days(*days_ago);
            let body = json!({ "started_on": started_on, "time_zone": member.zone });
            let path = format!("/api/members/{}/journey", member.id);
            let asked = (Method::PUT, path.as_str());
            acknowledged("set out", member.id, world.ask(None, asked, Some(body)).await)
        }
        Deed::Restart => {
            let body = json!({ "on": today(world, member).await });
            let path = format!("/api/members/{}/journey/restart", member.id);
            let asked = (Method::POST, path.as_str());
            acknowledged("restarted", member.id, world.ask(None, asked, Some(body)).await)
        }
        Deed::Check => {
            let asked = (Method::POST, "/api/rewards/check");
            world.ask(Some(member.id), asked, Some(json!({}))).await;
            Done::Nothing
        }
        Deed::Link { partner, number } => link(world, member, partner, number).await,
        Deed::Unlink { partner } => {
            let path = format!("/api/partners/{partner}/link");
            world.ask(Some(member.id), (Method::DELETE, &path), None).await;
            Done::Nothing
        }
        Deed::Claim { partner } => claim(world, member, partner).await,
        Deed::Reveal { milestone } => reveal(world, member, milestone).await,
        Deed::Spend { milestone, share } => spend(world, member, milestone, *share).await,
        Deed::GiveBack { milestone } => give_back(world, member, milestone).await,
        Deed::Tap => tap(world, member).await,
        Deed::Fault { partner, operation, kind, times } => {
            // Longer than a worker waits; short enough for a run.
            let fault = json!({ "kind": kind, "times": times, "delay_ms": 600 });
            let body = json!({ "partner": partner, "operation": operation, "faults": [fault] });
            world.control("faults", body).await.expect("the sandbox knows the fault");
            Done::Nothing
        }
    }
}

fn acknowledged(what: &'static str, stream: Uuid, answer: super::world::Answer) -> Done {
    match answer.position.filter(|_| (200..300).contains(&answer.status)) {
        Some(position) => Done::Acknowledged(Acknowledged { what, stream, position }),
        None => Done::Nothing,
    }
}

async fn today(world: &World, member: &Member) -> NaiveDate {
    let zone: chrono_tz::Tz = member.zone.parse().unwrap();
    let now: DateTime<Utc> = world.now().await;
    now.with_timezone(&zone).date_naive()
}

async fn link(world: &World, member: &Member, partner: &str, number: &str) -> Done {
    let consent = json!({ "purpose": "link", "partner_id": partner, "granted": true });
    world.ask(Some(member.id), (Method::PUT, "/api/consents"), Some(consent)).await;
    let wish = json!({ "accountNumber": number, "securityCode": "ABC123" });
    let path = format!("/api/partners/{partner}/link");
    let answer = world.ask(Some(member.id), (Method::POST, &path), Some(wish)).await;
    if answer.status >= 500 { Done::NotYet } else { Done::Nothing }
}

/// The id of this member's reward.
pub fn reward_of(member: &Member, milestone: &str) -> Uuid {
    RewardId::of(MemberId(member.id), &milestone.parse().unwrap(), 1).0
}

async fn see(world: &World, reward: Uuid) -> Option<Seen> {
    let statement = "SELECT status, partner_used, coalesce(voucher_id, credit_id)
                       FROM read.rewards WHERE id = $1";
    type Row = (String, Option<String>, Option<String>);
    let row = || sqlx::query_as(statement).bind(reward).fetch_optional(&world.owner);
    let row: Option<Row> = world.answered(row).await;
    row.map(|(status, partner, value)| Seen { status, partner, value })
}

async fn claim(world: &World, member: &Member, partner: &str) -> Done {
    let reward = reward_of(member, "year_1");
    match see(world, reward).await {
        Some(seen) if seen.status == "awaiting_choice" => {}
        Some(_) => return Done::Nothing,
        None => return Done::NotYet,
    }
    let path = format!("/api/rewards/{reward}/claim");
    let body = Some(json!({ "partnerId": partner }));
    let answer = world.ask(Some(member.id), (Method::POST, &path), body).await;
    match answer.status {
        500.. => Done::NotYet,
        _ => acknowledged("claimed", reward, answer),
    }
}

async fn reveal(world: &World, member: &Member, milestone: &str) -> Done {
    let reward = reward_of(member, milestone);
    let seen = see(world, reward).await;
    if seen.is_none_or(|seen| seen.value.is_none()) {
        return Done::NotYet;
    }
    let path = format!("/api/rewards/{reward}/reveal");
    let asked = (Method::POST, path.as_str());
    acknowledged("revealed", reward, world.ask(Some(member.id), asked, Some(json!({}))).await)
}

/// The voucher as the partner has it.
fn at_partner(world: &World, seen: &Seen) -> Option<Value> {
    world.book.voucher(seen.partner.as_deref()?, seen.value.as_deref()?)
}

async fn spend(world: &World, member: &Member, milestone: &str, share: i64) -> Done {
    let Some(seen) = see(world, reward_of(member, milestone)).await else { return Done::NotYet };
    let Some(voucher) = at_partner(world, &seen) else { return Done::NotYet };
    let left: Decimal = voucher["remaining"].as_str().unwrap().parse().unwrap();
    let amount = (left * Decimal::new(share, 2)).round_dp(2);
    if amount.is_zero() {
        return Done::Nothing;
    }
    let body = json!({
        "partner": seen.partner,
        "partner_ref": seen.value,
        "amount": format!("{amount:.2}"),
    });
    world.control("redeem", body).await;
    Done::Nothing
}

async fn give_back(world: &World, member: &Member, milestone: &str) -> Done {
    let Some(seen) = see(world, reward_of(member, milestone)).await else { return Done::Nothing };
    let Some(voucher) = at_partner(world, &seen) else { return Done::Nothing };
    let redemptions = voucher["redemptions"].as_array().unwrap();
    let Some(last) = redemptions.iter().rev().find(|r| r["reversed_at"].is_null()) else {
        return Done::Nothing;
    };
    let body = json!({
        "partner": seen.partner,
        "partner_ref": seen.value,
        "redemption_id": last["redemption_id"],
    });
    world.control("reverse", body).await;
    Done::Nothing
}

async fn tap(world: &World, member: &Member) -> Done {
    let Some(seen) = see(world, reward_of(member, "month_6")).await else { return Done::NotYet };
    let Some(credit) = seen.value else { return Done::NotYet };
    world.control("tap", json!({ "partner": seen.partner, "partner_ref": credit })).await;
    Done::Nothing
}
