//! What is a member asked, in plain words? One text for each purpose, with a version.
//!
//! A changed text is a new version: what was agreed to before stays on record under the old one.
//!
//! Rows: C1, M5.

use domain::ids::{MemberId, PartnerId};
use domain::member::{ConsentPurpose, Member};

use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// The version of the texts below.
pub const TEXT_VERSION: &str = "2026-11";

/// What the member is asked.
#[must_use]
pub fn asked(purpose: ConsentPurpose, partner_name: &str) -> String {
    match purpose {
        ConsentPurpose::Link => format!(
            "We would like to tell {partner_name} the account or card number you give us, so that \
             they can confirm it is yours and a credit can go there. They learn nothing else about \
             you, and not why. You can take this back at any time; the account is then unlinked."
        ),
        ConsentPurpose::LookUp => format!(
            "We would like to ask {partner_name} about your linked account when you open it here: \
             its balance and history. We show what they say and keep none of it. You can take this \
             back at any time."
        ),
        ConsentPurpose::Referral => format!(
            "We would like to give {partner_name} your name and e-mail address, so that they can \
             get in touch with you. They are not told why. You can take this back at any time."
        ),
    }
}

/// Whether the member agrees, at this moment.
///
/// # Errors
/// `consent_required` with the text to show, when they do not.
pub async fn agreed(
    state: &AppState,
    member: MemberId,
    purpose: ConsentPurpose,
    partner: &PartnerId,
) -> Result<(), Problem> {
    let record = state.ledger.load::<Member>(&member.to_string()).await?.state;
    if record.consents_to(purpose, partner) {
        return Ok(());
    }
    let entry = state.catalogue.get(partner);
    let name = entry.map_or_else(|| partner.to_string(), |entry| entry.details().name);
    Err(Problem::new(Code::ConsentRequired)
        .fact("purpose", purpose)
        .fact("partner_id", partner)
        .fact("text_version", TEXT_VERSION)
        .fact("text", asked(purpose, &name)))
}
