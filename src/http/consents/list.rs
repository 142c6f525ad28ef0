//! GET: what have I agreed to?
//!
//! Read from the member's own stream: what was said a moment ago is always there.
//!
//! Rows: C1.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use domain::member::{Consent, ConsentPurpose, Member as MemberRecord};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Member;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Everything that was agreed to, and whether it still is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentList {
    consents: Vec<ConsentBody>,
}

/// One thing that was agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentBody {
    /// link, look_up or referral.
    #[schema(value_type = String)]
    pub purpose: ConsentPurpose,
    /// With whom.
    pub partner_id: String,
    /// Whether it still is.
    pub granted: bool,
    /// Which text was read.
    pub text_version: String,
    /// Since when it is so.
    pub at: DateTime<Utc>,
}

impl From<&Consent> for ConsentBody {
    fn from(consent: &Consent) -> Self {
        Self {
            purpose: consent.purpose,
            partner_id: consent.partner_id.to_string(),
            granted: consent.granted,
            text_version: consent.text_version.clone(),
            at: consent.at,
        }
    }
}

/// What the member has agreed to.
#[utoipa::path(get, path = "/api/consents", tag = "consents",
    responses((status = 200, description = "Every consent, also one taken back",
        body = ConsentList)))]
pub async fn list(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
) -> Result<Answer<ConsentList>, Problem> {
    let loaded = state.ledger.load::<MemberRecord>(&member.id.to_string()).await?;
    let consents = loaded.state.consents().map(ConsentBody::from).collect();
    // The stream is read whole, so it shows whatever was asked for.
    Ok(Answer::ok(loaded.position.max(at_least.0), ConsentList { consents }))
}
