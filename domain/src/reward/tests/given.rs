//! What are the tests given? Commands with fixed facts, and a reward after some of them.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use crate::ids::{MemberId, PartnerId};
use crate::money::{Amount, Currency};
use crate::partner::ProductRules;
use crate::reward::*;
use crate::sealed::Sealed;

pub fn now() -> DateTime<Utc> {
    "2026-11-24T03:00:00Z".parse().unwrap()
}

pub fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub fn partner(id: &str) -> PartnerId {
    id.parse().unwrap()
}

pub fn reach_as(reward_type: RewardType) -> RewardCommand {
    RewardCommand::Reach(Box::new(ReachMilestone {
        member_id: MemberId(Uuid::from_u128(1)),
        milestone: "month_1".parse().unwrap(),
        milestone_days: 30,
        journey_number: 1,
        cycle: 1,
        reached_on: "2026-11-24".parse().unwrap(),
        policy_version: "2026-01".parse().unwrap(),
        reward_type,
        amount: amount("20.00"),
        currency: Currency::AUD,
        eligible_partners: vec![partner("woolworths"), partner("coles"), partner("opal")],
        claim_only: vec![partner("opal")],
        product_rules: ProductRules::default(),
        hold: None,
    }))
}

pub fn reach() -> RewardCommand {
    reach_as(RewardType::GroceryVoucher)
}

pub fn choose(id: &str) -> RewardCommand {
    RewardCommand::Choose {
        partner_id: partner(id),
        product: format!("{id}-egift"),
        kind: ValueKind::Voucher,
        account_id: None,
        reason: ChosenBecause::FirstAvailable,
    }
}

pub fn claim(id: &str) -> RewardCommand {
    RewardCommand::Claim {
        partner_id: partner(id),
        product: format!("{id}-egift"),
        kind: ValueKind::Voucher,
        account_id: None,
    }
}

pub fn request(attempt: u32, round: u32) -> RewardCommand {
    request_at("woolworths", attempt, round)
}

pub fn request_at(id: &str, attempt: u32, round: u32) -> RewardCommand {
    RewardCommand::RequestIssuance {
        partner_id: partner(id),
        attempt,
        round,
        funding_model: FundingModel::PayOnRedemption,
        idempotency_key: Uuid::from_u128(u128::from(attempt)),
        reference: format!("REF{attempt}"),
        request_digest: "d1".to_owned(),
        deadline: now() + Duration::seconds(20),
        resolve_at: now() + Duration::seconds(90),
    }
}

pub fn voucher_of(attempt: u32, id: &str, value: &str) -> RewardCommand {
    RewardCommand::RecordVoucher(Box::new(RecordVoucher {
        attempt,
        voucher_id: id.to_owned(),
        amount: amount(value),
        currency: Currency::AUD,
        code: Sealed::from_ciphertext(vec![1, 2, 3]),
        code_masked: "••••1234".to_owned(),
        code_tag: format!("tag of {id}"),
        pin: None,
        barcode: None,
        expires_on: Some("2029-11-24".parse().unwrap()),
        expires_at: Some("2029-11-24T13:00:00Z".parse().unwrap()),
        response_digest: "d2".to_owned(),
        issued_at: now(),
    }))
}

pub fn voucher(attempt: u32) -> RewardCommand {
    voucher_of(attempt, "V1", "20.00")
}

pub fn refused(attempt: u32, counts_as_try: bool) -> RewardCommand {
    let code = "product_unavailable".to_owned();
    RewardCommand::RecordRefused { attempt, code, temporary: true, counts_as_try }
}

pub fn unknown(attempt: u32) -> RewardCommand {
    let why = "timed_out".to_owned();
    RewardCommand::RecordUnknown { attempt, why, resolve_at: now() + Duration::seconds(5) }
}

pub fn not_found(attempt: u32) -> RewardCommand {
    RewardCommand::RecordNotFound { attempt }
}

pub fn repeat(attempt: u32) -> RewardCommand {
    RewardCommand::RepeatIssuance { attempt, resolve_at: now() + Duration::seconds(90) }
}

pub fn deferred(attempt: u32) -> RewardCommand {
    let why = "connect_failed".to_owned();
    RewardCommand::RecordDeferred { attempt, why, retry_at: now() + Duration::seconds(5) }
}

pub fn redeem(id: &str, value: &str) -> RewardCommand {
    RewardCommand::RecordRedemption {
        voucher_id: "V1".to_owned(),
        redemption_id: id.to_owned(),
        amount: amount(value),
        redeemed_at: now(),
    }
}

pub fn reverse(id: &str, value: &str) -> RewardCommand {
    RewardCommand::ReverseRedemption {
        voucher_id: "V1".to_owned(),
        redemption_id: id.to_owned(),
        amount: amount(value),
        at: now(),
    }
}

pub fn expire() -> RewardCommand {
    RewardCommand::ExpireVoucher { voucher_id: "V1".to_owned(), at: now(), unspent: None }
}

pub fn support(wish: SupportCommand) -> RewardCommand {
    RewardCommand::Support(wish)
}

pub fn retry(attempt: u32) -> RewardCommand {
    support(SupportCommand::Retry { attempt })
}

pub fn reissue(attempt: u32) -> RewardCommand {
    support(SupportCommand::Reissue { attempt })
}

pub fn cancel(attempt: u32) -> RewardCommand {
    support(SupportCommand::Cancel { attempt })
}

pub fn redirect(attempt: u32, id: &str) -> RewardCommand {
    support(SupportCommand::Redirect {
        attempt,
        partner_id: partner(id),
        product: format!("{id}-egift"),
        kind: ValueKind::Voucher,
        account_id: None,
    })
}

pub fn void(attempt: u32) -> RewardCommand {
    let idempotency_key = Uuid::from_u128(u128::from(attempt));
    support(SupportCommand::Void { attempt, idempotency_key })
}

pub fn taken_back(id: &str, value: &str) -> RewardCommand {
    RewardCommand::VoidVoucher { voucher_id: id.to_owned(), taken_back: amount(value) }
}

pub fn not_taken_back() -> RewardCommand {
    let (voucher_id, code) = ("V1".to_owned(), "window_over".to_owned());
    RewardCommand::RecordVoidRefused { voucher_id, code }
}

pub fn not_said() -> RewardCommand {
    RewardCommand::RecordVoidUnknown {
        voucher_id: "V1".to_owned(),
        why: "timed_out".to_owned(),
        resolve_at: now() + Duration::seconds(5),
    }
}

pub fn says(person: u128, attempt: u32, outcome: AttestedOutcome) -> RewardCommand {
    let (person, evidence) = (Uuid::from_u128(person), "case 7".to_owned());
    support(SupportCommand::Resolve { attempt, outcome, person, evidence })
}

pub fn says_issued(partner_ref: &str) -> AttestedOutcome {
    let account_masked = Some("••••7890".to_owned());
    AttestedOutcome::Issued { partner_ref: partner_ref.to_owned(), account_masked }
}

/// A reward after these commands, all accepted.
pub fn given(commands: Vec<RewardCommand>) -> Reward {
    let mut reward = Reward::default();
    for command in commands {
        let events = reward.decide(command.clone(), now());
        let events = events.unwrap_or_else(|refusal| panic!("{command:?}: {refusal:?}"));
        events.iter().for_each(|event| reward.evolve(event));
    }
    reward
}

pub fn issued() -> Reward {
    given(vec![reach(), choose("woolworths"), request(1, 1), voucher(1)])
}

/// The names of the events that follow from a wish.
pub trait WhenThen {
    fn when(&self, command: RewardCommand) -> Result<Vec<&'static str>, RewardError>;
}

impl WhenThen for Reward {
    fn when(&self, command: RewardCommand) -> Result<Vec<&'static str>, RewardError> {
        let events = self.decide(command, now())?;
        Ok(events.iter().map(RewardEvent::name).collect())
    }
}
