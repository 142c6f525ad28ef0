//! Registered, live, suspended: what may follow what?
//!
//! Rows: P1, P6.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::*;

fn now() -> DateTime<Utc> {
    "2026-11-24T03:00:00Z".parse().unwrap()
}

fn details(name: &str) -> PartnerDetails {
    PartnerDetails {
        name: name.to_owned(),
        partner_type: PartnerType::Retail,
        protocol: "retail".to_owned(),
        capabilities: vec!["vouchers".to_owned()],
        products: vec![],
        funding_model: None,
        time_zone: Tz::Australia__Sydney,
        web: None,
        phone: None,
    }
}

fn why() -> String {
    "tested".to_owned()
}

fn given(commands: Vec<PartnerCommand>) -> Partner {
    let mut partner = Partner::default();
    for command in commands {
        let events = partner.decide(command, now()).unwrap();
        events.iter().for_each(|event| partner.evolve(event));
    }
    partner
}

fn when(partner: &Partner, command: PartnerCommand) -> Result<Vec<&'static str>, PartnerError> {
    Ok(partner.decide(command, now())?.iter().map(PartnerEvent::name).collect())
}

#[test]
fn a_partner_is_registered_once_and_described_anew_when_the_catalogue_changes() {
    let describe = |name| PartnerCommand::Describe(details(name));
    assert_eq!(when(&given(vec![]), describe("Coles")), Ok(vec!["PartnerRegistered"]));
    let coles = given(vec![describe("Coles")]);
    assert_eq!(when(&coles, describe("Coles")), Ok(vec![]));
    assert_eq!(when(&coles, describe("Coles Group")), Ok(vec!["PartnerDetailsChanged"]));
    assert_eq!(coles.status(), PartnerStatus::Pending);
}

#[test]
fn nobody_unknown_becomes_active() {
    let activate = PartnerCommand::Activate { why: why() };
    assert_eq!(when(&given(vec![]), activate), Err(PartnerError::NotRegistered));
}

#[test]
fn each_step_of_its_life_follows_the_one_before() {
    let known = given(vec![PartnerCommand::Describe(details("Coles"))]);
    let (activate, suspend, deactivate) = (
        PartnerCommand::Activate { why: why() },
        PartnerCommand::Suspend { why: why() },
        PartnerCommand::Deactivate { why: why() },
    );
    assert!(matches!(when(&known, suspend.clone()), Err(PartnerError::NotNow { .. })));
    let active = given(vec![PartnerCommand::Describe(details("Coles")), activate.clone()]);
    assert_eq!(when(&active, activate.clone()), Ok(vec![]));
    assert_eq!(when(&active, suspend), Ok(vec!["PartnerSuspended"]));
    assert_eq!(when(&active, deactivate.clone()), Ok(vec!["PartnerDeactivated"]));
    let gone =
        given(vec![PartnerCommand::Describe(details("Coles")), activate.clone(), deactivate]);
    assert_eq!(when(&gone, activate), Ok(vec!["PartnerActivated"]));
}

#[test]
fn an_onboarding_step_is_passed_once_and_a_low_float_is_kept() {
    let step = PartnerCommand::PassStep { step: "token".to_owned(), evidence: "5".to_owned() };
    let known = PartnerCommand::Describe(details("Coles"));
    assert_eq!(when(&given(vec![known.clone()]), step.clone()), Ok(vec!["OnboardingStepPassed"]));
    assert_eq!(when(&given(vec![known.clone(), step.clone()]), step), Ok(vec![]));
    let low = PartnerCommand::ReportFloatLow {
        balance: "10.00".parse().unwrap(),
        threshold: "100.00".parse().unwrap(),
        currency: "AUD".parse().unwrap(),
        at: now(),
    };
    assert_eq!(when(&given(vec![known]), low), Ok(vec!["FloatLowReported"]));
}
