//! What can be asked, and how? The API document, made from the code that answers.
//!
//! Shapes come from the types that are read and written, addresses and descriptions from the
//! handlers. Who may do what is copied from the table of routes into `x-roles`, and the codes of
//! all problems from their table into `x-problems`: neither can differ from what the server does.
//!
//! Rows: Q2.

use actix_web::web::{Data, Json};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, KnownFormat, ObjectBuilder, Ref, RefOr, SchemaFormat, Type,
};

use super::problem::{Code, ProblemShape};
use super::routes::{self, Line};
use crate::access::{Anyone, WhoMay};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Anchor",
        description = "Practical help for people who leave gambling behind: what they reached, \
            what they are given, and the ledger of it. Errors are \
            `application/problem+json` with a \
            stable `code` (all of them under `x-problems`). Lists take `limit` and `cursor`. An \
            answer to a command carries `Ledger-Position`; send it as `Ledger-Min-Position` with a \
            query to read what you wrote.",
    ),
    paths(
        super::partners::list,
        super::partners::show,
        super::partners::link,
        super::partners::unlink,
        super::partners::authorize,
        super::partners::callback,
        super::accounts::list,
        super::accounts::balance,
        super::accounts::transactions,
        super::accounts::bills,
        super::accounts::credits,
        super::accounts::trips,
        super::accounts::top_ups,
        super::consents::list,
        super::consents::change,
        super::rewards::list,
        super::rewards::check,
        super::rewards::show,
        super::rewards::claim,
        super::rewards::reveal,
        super::progress::show,
        super::members::report_journey,
        super::members::restart_journey,
        super::members::report_contact,
        super::activity::list,
        super::support::rewards::list,
        super::support::rewards::show,
        super::support::rewards::retry,
        super::support::rewards::redirect,
        super::support::rewards::cancel,
        super::support::rewards::void,
        super::support::rewards::reissue,
        super::support::rewards::resolve,
        super::support::webhooks::list,
        super::support::webhooks::retry,
        super::support::webhooks::dismiss,
        super::reconciliation::summary,
        super::reconciliation::journal,
        super::reconciliation::show_report,
        super::reconciliation::list_periods,
        super::reconciliation::close_period,
        super::reconciliation::list_statements,
        super::reconciliation::import_statement,
        super::reconciliation::list_bank_lines,
        super::reconciliation::take_bank_lines,
        super::reconciliation::three_way,
        super::reconciliation::list_breaks,
        super::reconciliation::resolve_break,
        super::reconciliation::assign_break,
        super::reconciliation::explain_break,
        super::outgoing_webhooks::list,
        super::outgoing_webhooks::enter,
        super::outgoing_webhooks::remove,
        super::outgoing_webhooks::rotate,
        super::outgoing_webhooks::deliveries,
        super::outgoing_webhooks::resend,
        super::support::list_alerts,
        super::support::acknowledge_alert,
        super::support::list_security_events,
        super::support_services::list,
        super::support_services::refer,
        super::webhooks::receive,
        show,
        super::operations::health::live,
        super::operations::health::ready,
        super::operations::metrics::show,
    ),
    components(schemas(ProblemShape))
)]
struct Described;

/// The document, ready to be sent.
#[derive(Clone)]
pub struct Document(pub Value);

/// The whole document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Described::openapi();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = document.components.get_or_insert_default();
    components.security_schemes.insert("bearer".to_owned(), RefOr::T(bearer));
    for line in routes::all() {
        if let Some(operation) = operation_of(&mut document.paths.paths, &line) {
            describe(operation, &line);
        }
    }
    let codes = Code::ALL.iter().map(|code| {
        let about = json!({
            "status": code.status().as_u16(), "title": code.title(), "advice": code.advice(),
        });
        (code.as_str().to_owned(), about)
    });
    let codes = Value::Object(codes.collect());
    document.extensions.get_or_insert_default().insert("x-problems".to_owned(), codes);
    document
}

fn operation_of<'a>(
    paths: &'a mut std::collections::BTreeMap<String, PathItem>,
    line: &Line,
) -> Option<&'a mut Operation> {
    let item = paths.get_mut(line.path)?;
    match line.method.as_str() {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PUT" => item.put.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

fn describe(operation: &mut Operation, line: &Line) {
    let roles: Vec<&str> = match line.who {
        WhoMay::Anyone => vec!["anyone"],
        WhoMay::BySignature => vec!["signature"],
        WhoMay::Roles(roles) => roles.iter().map(|role| role.as_str()).collect(),
    };
    let extensions = operation.extensions.get_or_insert_default();
    extensions.merge(Extensions::from_iter([("x-roles", json!(roles))]));
    operation.security = Some(vec![SecurityRequirement::default()]);
    let problem = |why: &str| RefOr::T(problem_response(why));
    let answers = &mut operation.responses.responses;
    answers.entry("default".to_owned()).or_insert_with(|| problem("Any other problem"));
    if let WhoMay::Roles(_) = line.who {
        let nothing: [&str; 0] = [];
        operation.security = Some(vec![SecurityRequirement::new("bearer", nothing)]);
        answers.insert("401".to_owned(), problem("No token, or one that is not accepted"));
        answers.insert("403".to_owned(), problem("The token's role may not do this"));
        if line.method != "GET" {
            operation.parameters.get_or_insert_default().push(idempotency_key().into());
        } else {
            operation.parameters.get_or_insert_default().push(min_position().into());
        }
    }
}

fn problem_response(why: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(why).content("application/problem+json", content).build()
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some("The same key with the same body gets the same answer for 24 hours."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}

fn min_position() -> Parameter {
    let whole = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ParameterBuilder::new()
        .name("Ledger-Min-Position")
        .parameter_in(ParameterIn::Header)
        .description(Some("Wait up to two seconds until the answer shows at least this position."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::Integer).format(Some(whole)).build()))
        .build()
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "about",
    responses((status = 200, description = "The API document", body = Object)))]
pub async fn show(_: Anyone, document: Data<Document>) -> Json<Value> {
    Json(document.0.clone())
}
