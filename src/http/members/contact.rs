//! PUT: this is how the member can be reached. Sealed before it becomes a command.
//!
//! What is absent is not known any more: a report is the whole of it. The same contact again is
//! found by a keyed hash and records nothing. Nothing of it is ever answered.
//!
//! Rows: C2, C4, Q4.

use actix_web::web::Data;
use domain::ids::MemberId;
use domain::member::{Member, MemberCommand};
use domain::sealed::Sealed;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Service;
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;
use crate::vault::Place;

const LONGEST_EMAIL: usize = 254;
const LONGEST_NAME: usize = 200;
const LONGEST_LOCALE: usize = 35;

/// How a member can be reached.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Where messages go.
    #[schema(value_type = Option<String>)]
    email: Option<SecretString>,
    /// How they are addressed.
    #[schema(value_type = Option<String>)]
    name: Option<SecretString>,
    /// In which language, as a BCP 47 tag such as `en-AU`.
    locale: Option<String>,
}

/// That it is known now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactReported {
    /// Whether this call recorded anything.
    recorded: bool,
    /// The same as in Ledger-Position.
    position: i64,
}

/// Reports how a member can be reached.
#[utoipa::path(put, path = "/api/members/{id}/contact", tag = "members", request_body = Contact,
    params(("id" = String, Path, description = "The member's id")),
    responses((status = 200, description = "It is known", body = ContactReported)))]
pub async fn report_contact(
    service: Service,
    state: Data<AppState>,
    Id(member): Id<MemberId>,
    Json(contact): Json<Contact>,
) -> Result<Answer<ContactReported>, Problem> {
    contact.check()?;
    let command = MemberCommand::ChangeContact {
        contact_tag: state.vault.member_tag(member, "contact", &contact.whole()).await?,
        email: seal(&state, member, "email", contact.email.as_ref()).await?,
        name: seal(&state, member, "name", contact.name.as_ref()).await?,
        locale: contact.locale,
    };
    let context = Context::new(service.actor(), "reported by the app");
    let stream = member.to_string();
    let executed = done(state.ledger.execute::<Member, _>(&stream, command, &context).await)?;
    let (recorded, position) = (executed.recorded > 0, executed.position.0);
    Ok(Answer::ok(executed.position, ContactReported { recorded, position }))
}

async fn seal<T>(
    state: &AppState,
    member: MemberId,
    field: &str,
    clear: Option<&SecretString>,
) -> Result<Option<Sealed<T>>, Problem> {
    let Some(clear) = clear else { return Ok(None) };
    let id = member.to_string();
    let place =
        Place { stream: "member", stream_id: &id, event: "ContactChanged", field, attempt: 0 };
    Ok(Some(state.vault.seal(member, &place, clear).await?))
}

impl Contact {
    fn check(&self) -> Result<(), Problem> {
        let wrong = |field: &str, expected: &str| {
            Err(Problem::new(Code::InvalidField).detail(expected).fact("field", field))
        };
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        let is_line = |text: &str, longest| {
            let length = text.chars().count();
            (1..=longest).contains(&length) && !text.chars().any(char::is_control)
        };
        if self.email.as_ref().is_some_and(|email| !is_address(&text(email))) {
            return wrong("email", "Expected an e-mail address.");
        }
        if self.name.as_ref().is_some_and(|name| !is_line(&text(name), LONGEST_NAME)) {
            return wrong("name", "Expected 1 to 200 characters on one line.");
        }
        let is_tag = |tag: &String| {
            is_line(tag, LONGEST_LOCALE)
                && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if self.locale.as_ref().is_some_and(|tag| !is_tag(tag)) {
            return wrong("locale", "Expected a language tag such as en-AU.");
        }
        Ok(())
    }

    /// All of it as one text, for the keyed hash.
    fn whole(&self) -> SecretString {
        let text = |secret: &Option<SecretString>| {
            secret.as_ref().map(|secret| secret.expose_secret().to_owned())
        };
        let whole = (text(&self.email), text(&self.name), &self.locale);
        SecretString::from(serde_json::to_string(&whole).expect("texts are plain JSON"))
    }
}

/// One @ with something on either side, no spaces: the rest is for the mail to find out.
fn is_address(text: &str) -> bool {
    let is_plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let mut sides = text.split('@');
    let sides = (sides.next(), sides.next(), sides.next());
    let is_split = matches!(sides, (Some(left), Some(right), None)
        if !left.is_empty() && !right.is_empty());
    is_plain && is_split && text.len() <= LONGEST_EMAIL
}
