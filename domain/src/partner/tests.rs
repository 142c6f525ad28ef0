//! Registered, live, suspended: what may follow what?
//!
//! Rows: P1, P6, P7.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::*;
use crate::sealed::Sealed;

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

fn activate(is_sandboxed: bool) -> PartnerCommand {
    PartnerCommand::Activate { why: why(), is_sandboxed }
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
    assert_eq!(when(&given(vec![]), activate(true)), Err(PartnerError::NotRegistered));
}

#[test]
fn each_step_of_its_life_follows_the_one_before() {
    let known = given(vec![PartnerCommand::Describe(details("Coles"))]);
    let (activate, suspend, deactivate) = (
        activate(true),
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

fn attest(step: Step, document: &str, on: &str) -> PartnerCommand {
    let by = Sealed::from_ciphertext(vec![1, 2, 3]);
    let (on, document) = (on.parse().unwrap(), document.to_owned());
    PartnerCommand::Attest { step, attestation: Attestation { by, on, document } }
}

fn certificate(shown: &[Step]) -> PartnerCommand {
    PartnerCommand::Certify(Certificate {
        kit: "anchor-certify 1".to_owned(),
        api: "https://sandbox.grocer.example".to_owned(),
        digest: "ab".repeat(32),
        key_id: "1f2e3d4c".to_owned(),
        shown: shown.to_vec(),
    })
}

fn shown_by_machines() -> Vec<Step> {
    Step::ALL.into_iter().filter(|step| !step.is_attested()).collect()
}

#[test]
fn a_step_that_a_machine_sees_is_passed_once_and_by_no_person() {
    let known = PartnerCommand::Describe(details("Coles"));
    let step = Step::WebhookVerified;
    let pass = PartnerCommand::PassStep { step, evidence: "msg_1".to_owned() };
    assert_eq!(when(&given(vec![known.clone()]), pass.clone()), Ok(vec!["OnboardingStepPassed"]));
    assert_eq!(when(&given(vec![known.clone(), pass.clone()]), pass), Ok(vec![]));
    let said = when(&given(vec![known]), attest(step, "DOC-1", "2026-11-20"));
    assert_eq!(said, Err(PartnerError::NotAttested { step }));
}

#[test]
fn a_step_that_a_person_attests_has_a_day_and_a_document() {
    let step = Step::DataSharingAgreement;
    let known = PartnerCommand::Describe(details("Coles"));
    let coles = given(vec![known.clone()]);
    let signed = attest(step, "DSA-2026-4", "2026-11-20");
    assert_eq!(when(&coles, signed.clone()), Ok(vec!["OnboardingStepPassed"]));
    assert_eq!(when(&given(vec![known.clone(), signed.clone()]), signed.clone()), Ok(vec![]));
    let renewed = attest(step, "DSA-2027-1", "2026-11-20");
    assert_eq!(when(&given(vec![known, signed]), renewed), Ok(vec!["OnboardingStepPassed"]));
    let ahead = attest(step, "DSA-2026-4", "2026-11-26");
    assert_eq!(when(&coles, ahead), Err(PartnerError::DayAhead));
    for document in ["", "  ", &"x".repeat(201)] {
        let vague = attest(step, document, "2026-11-20");
        assert_eq!(when(&coles, vague), Err(PartnerError::NoDocument));
    }
    let pass = PartnerCommand::PassStep { step, evidence: "5".to_owned() };
    assert_eq!(when(&coles, pass), Err(PartnerError::NotShown { step }));
}

#[test]
fn a_certificate_passes_what_its_run_has_shown_and_the_same_one_again_is_nothing_new() {
    let known = PartnerCommand::Describe(details("Coles"));
    let shown = [Step::TokenObtained, Step::ValueIssued, Step::DataSharingAgreement];
    let certified = vec!["PartnerCertified", "OnboardingStepPassed", "OnboardingStepPassed"];
    assert_eq!(when(&given(vec![known.clone()]), certificate(&shown)), Ok(certified));
    let coles = given(vec![known, certificate(&shown)]);
    assert_eq!(when(&coles, certificate(&shown)), Ok(vec![]));
    let passed: Vec<Step> =
        coles.checklist().filter(|(_, by)| by.is_some()).map(|(step, _)| step).collect();
    assert_eq!(passed, [Step::TokenObtained, Step::ValueIssued, Step::Certified]);
}

#[test]
fn nobody_goes_live_before_every_step_is_passed_unless_no_value_can_flow() {
    let known = PartnerCommand::Describe(details("Coles"));
    let attested: Vec<Step> = Step::ALL.into_iter().filter(|step| step.is_attested()).collect();
    let said = when(&given(vec![known.clone()]), activate(false));
    assert_eq!(said, Err(PartnerError::NotOnboarded { missing: Step::ALL.to_vec() }));
    assert_eq!(when(&given(vec![known.clone()]), activate(true)), Ok(vec!["PartnerActivated"]));
    let mut life = vec![known, certificate(&shown_by_machines())];
    for step in &attested {
        let said = when(&given(life.clone()), activate(false));
        let Err(PartnerError::NotOnboarded { missing }) = said else { panic!("{said:?}") };
        assert!(missing.contains(step));
        life.push(attest(*step, "DOC-1", "2026-11-20"));
    }
    assert_eq!(when(&given(life.clone()), activate(false)), Ok(vec!["PartnerActivated"]));
    life.extend([activate(false), PartnerCommand::Suspend { why: why() }]);
    assert_eq!(when(&given(life), activate(false)), Ok(vec!["PartnerActivated"]));
}

#[test]
fn every_step_is_known_by_its_word() {
    for step in Step::ALL {
        assert_eq!(step.as_str().parse(), Ok(step));
    }
    assert_eq!("".parse::<Step>(), Err(NotAStep));
    assert!(Step::required_of(PartnerType::Support).contains(&Step::Certified));
}

#[test]
fn given_credentials_are_noted_without_themselves() {
    let known = PartnerCommand::Describe(details("Coles"));
    let api = Some("https://api.grocer.example".to_owned());
    for note in
        [PartnerCommand::NoteCredentials { api }, PartnerCommand::NoteCredentials { api: None }]
    {
        let coles = given(vec![known.clone()]);
        assert_eq!(when(&coles, note), Ok(vec!["PartnerCredentialsChanged"]));
    }
}

#[test]
fn a_low_float_is_kept() {
    let known = PartnerCommand::Describe(details("Coles"));
    let low = PartnerCommand::ReportFloatLow {
        balance: "10.00".parse().unwrap(),
        threshold: "100.00".parse().unwrap(),
        currency: "AUD".parse().unwrap(),
        at: now(),
    };
    assert_eq!(when(&given(vec![known]), low), Ok(vec!["FloatLowReported"]));
}

#[test]
fn a_partner_is_live_as_a_sandbox_until_its_checklist_is_done_or_it_is_not_active() {
    let known = PartnerCommand::Describe(details("Coles"));
    assert!(!given(vec![known.clone()]).is_live_as_sandbox(), "not active");
    let why_live = PartnerCommand::Activate { why: "loopback_api".to_owned(), is_sandboxed: true };
    let sandbox = vec![known.clone(), why_live];
    assert!(given(sandbox.clone()).is_live_as_sandbox());
    let suspended = [sandbox.clone(), vec![PartnerCommand::Suspend { why: why() }]].concat();
    assert!(!given(suspended).is_live_as_sandbox());
    let mut onboarded = vec![certificate(&shown_by_machines())];
    let attested = Step::ALL.into_iter().filter(|step| step.is_attested());
    onboarded.extend(attested.map(|step| attest(step, "DOC-1", "2026-11-20")));
    let later = [sandbox, onboarded.clone()].concat();
    assert!(!given(later).is_live_as_sandbox(), "it may have real credentials by now");
    let live = [vec![known], onboarded, vec![activate(false)]].concat();
    assert!(!given(live).is_live_as_sandbox(), "it is live for good");
}
