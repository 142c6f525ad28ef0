//! Is what is published what is sent and read? The documents against the code, both ways.
//!
//! Rows: P1, P8, P10, W1, W2, C1.

use domain::ids::MemberId;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::partner::{Everybody, order_of, response, soon, yes_to};
use crate::clock::real_now;
use crate::partners::partner::Notice;
use crate::partners::protocols::{PUBLISHED, capabilities_of};
use crate::partners::settings::WebhookSecret;
use crate::partners::signature::{Agreed, SignatureError, Unsigned, headers, verify};

fn document(protocol: &str) -> Value {
    let address = format!("/docs/protocols/{protocol}.json");
    let found = PUBLISHED.iter().find(|published| published.address == address).unwrap();
    serde_json::from_str(found.document).unwrap()
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

#[tokio::test]
async fn every_order_goes_where_the_document_says_with_exactly_its_fields() {
    let everybody = Everybody::open().await;
    for entry in everybody.catalogue.iter().filter(|entry| entry.moves_value()) {
        let (partner, document) = (everybody.caller(entry), document(&entry.details().protocol));
        for product in entry.products() {
            let order = order_of(product);
            everybody.desk.answer(response("201 Created", &yes_to(&order)));
            partner.issue(&order, soon()).await;
            partner.look_up(&order, soon()).await;
            let came = everybody.desk.came();
            let address = came[0].line.split(' ').nth(1).unwrap();
            let path = address.strip_prefix(&format!("/{}", entry.id())).unwrap();
            let operation = &document["paths"][path]["post"];
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let schema = resolved(&document, schema);
            let sent: Map<String, Value> = serde_json::from_str(&came[0].body).unwrap();
            let documented = schema["properties"].as_object().unwrap();
            let names = |fields: &Map<String, Value>| {
                let mut names: Vec<String> = fields.keys().cloned().collect();
                names.sort();
                names
            };
            assert_eq!(names(&sent), names(documented), "{}", product.id);
            for (name, schema) in documented {
                if let Some(constant) = schema.get("const") {
                    assert_eq!(&sent[name], constant, "{}: {name}", product.id);
                }
            }
            let by_reference = format!("{path}/by-reference/{{reference}}");
            assert!(document["paths"][&by_reference]["get"].is_object(), "{by_reference}");
            assert!(came[1].line.contains(&format!("{path}/by-reference/")), "{:?}", came[1]);
        }
    }
    everybody.close().await;
}

#[test]
fn the_referral_that_is_published_has_the_fields_that_are_sent() {
    let document = document("support");
    let operation = &document["paths"]["/referrals"]["post"];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let fields = resolved(&document, schema)["properties"].as_object().unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["email", "name"]);
    assert!(document["paths"]["/referrals/by-reference/{reference}"]["get"].is_object());
}

#[tokio::test]
async fn linking_goes_where_the_document_says_with_what_it_asks_for() {
    let everybody = Everybody::open().await;
    let offering = everybody.catalogue.iter().filter(|entry| entry.oauth().is_some());
    let mut offered = 0;
    for entry in offering {
        let document = document(&entry.details().protocol);
        let offer = entry.oauth().unwrap();
        for (path, method) in [
            (&offer.authorize, "get"),
            (&offer.token, "post"),
            (&offer.revoke, "post"),
            (&offer.account, "get"),
        ] {
            assert!(document["paths"][path][method].is_object(), "{}: {path}", entry.id());
        }
        let linking = everybody.linking(entry);
        let begun = linking.begin(MemberId(Uuid::from_u128(1))).await.unwrap();
        let asked = document["paths"][&offer.authorize]["get"]["parameters"].as_array().unwrap();
        let names: Vec<&str> = asked.iter().map(|asked| asked["name"].as_str().unwrap()).collect();
        for (name, value) in begun.url.query_pairs() {
            let documented = asked.iter().find(|asked| asked["name"] == *name);
            let documented = documented.unwrap_or_else(|| panic!("{name} is not published"));
            if let Some(constant) = documented["schema"].get("const") {
                assert_eq!(constant, &*value, "{}: {name}", entry.id());
            }
        }
        assert_eq!(begun.url.query_pairs().count(), names.len(), "{}", entry.id());
        offered += 1;
    }
    assert_eq!(offered, 7, "every utility, and both cards");
    everybody.close().await;
}

/// A notice of this kind with every documented field.
fn sample(kind: &str, notice: &Value) -> Map<String, Value> {
    let schema = "/post/requestBody/content/application~1json/schema/properties";
    let fields = notice.pointer(&format!("{schema}/data/properties")).unwrap();
    let value = |schema: &Value| {
        if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
            return first.clone();
        }
        if schema["format"] == "date" {
            return json!("2026-12-01");
        }
        match schema["$ref"].as_str().unwrap_or_default() {
            reference if reference.ends_with("/Amount") => json!("1.00"),
            reference if reference.ends_with("/Instant") => json!("2026-11-24T03:00:00Z"),
            _ => json!("x1"),
        }
    };
    let fields = fields.as_object().unwrap();
    // Of an account, or of a float: never of both.
    let is_of_account = kind == "balance.low" && fields.contains_key("account");
    let fields = fields.iter().filter(|(name, _)| !is_of_account || *name != "float");
    fields.map(|(name, schema)| (name.clone(), value(schema))).collect()
}

fn is_needed(notice: &Value, name: &str) -> bool {
    let schema = "/post/requestBody/content/application~1json/schema/properties/data/required";
    notice.pointer(schema).unwrap().as_array().unwrap().iter().any(|needed| needed == name)
}

#[tokio::test]
async fn every_published_notice_is_read_and_an_incomplete_one_is_not() {
    let everybody = Everybody::open().await;
    for entry in everybody.catalogue.iter().filter(|entry| entry.moves_value()) {
        let document = document(&entry.details().protocol);
        let partner = everybody.caller(entry);
        let notices = document["webhooks"].as_object().cloned().unwrap_or_default();
        for (kind, notice) in &notices {
            let data = sample(kind, notice);
            let whole = |data: &Map<String, Value>| {
                let whole =
                    json!({ "type": kind, "timestamp": "2026-11-24T03:00:00Z", "data": data });
                whole.to_string().into_bytes()
            };
            let read = partner.read_notice(&whole(&data));
            let read = read.unwrap_or_else(|unreadable| panic!("{kind}: {unreadable}"));
            assert!(!matches!(read, Notice::Unknown { .. }), "{}: {kind}", entry.id());
            for missing in data.keys().filter(|name| is_needed(notice, name)) {
                let mut data = data.clone();
                data.remove(missing);
                assert!(partner.read_notice(&whole(&data)).is_err(), "{kind} without {missing}");
            }
        }
        let odd =
            json!({ "type": "lottery.won", "timestamp": "2026-11-24T03:00:00Z", "data": {} });
        let read = partner.read_notice(odd.to_string().as_bytes());
        assert_eq!(read, Ok(Notice::Unknown { kind: "lottery.won".to_owned() }));
        assert!(partner.read_notice(b"{\"type\":").is_err());
    }
    everybody.close().await;
}

#[test]
fn every_partners_webhooks_are_refused_when_forged_cut_short_or_unsigned() {
    let catalogue = crate::partners::Catalogue::built_in().unwrap();
    let secret = WebhookSecret::parse("a-secret-of-the-suite-for-all").unwrap();
    let other = WebhookSecret::parse("somebody-else's-secret-entirely").unwrap();
    let (body, now) = (b"{}".as_slice(), real_now());
    let unsigned = Unsigned { id: "msg_1", at: now.timestamp(), body };
    for entry in catalogue.iter() {
        let scheme = entry.webhook_scheme().clone();
        let right = headers(&scheme, &secret, &unsigned);
        let forged = headers(&scheme, &other, &unsigned);
        let agreed = Agreed { scheme, secrets: vec![secret.clone()] };
        let checked = |sent: &[(String, String)]| {
            let header =
                |name: &str| sent.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
            verify(&agreed, &header, body, now).map(|_| ())
        };
        let with = |change: &dyn Fn(&mut String)| {
            let mut sent = right.clone();
            change(&mut sent.last_mut().unwrap().1);
            checked(&sent)
        };
        assert_eq!(checked(&right), Ok(()), "{}", entry.id());
        assert_eq!(checked(&forged), Err(SignatureError::Wrong));
        assert_eq!(with(&|value| value.truncate(20)), Err(SignatureError::Malformed));
        assert_eq!(with(&String::clear), Err(SignatureError::Malformed));
        assert_eq!(checked(&right[..right.len() - 1]), Err(SignatureError::Missing));
    }
}

#[test]
fn every_capability_of_a_protocol_is_somebodys() {
    let catalogue = crate::partners::Catalogue::built_in().unwrap();
    for protocol in ["retail", "utility", "transport", "support"] {
        for capability in capabilities_of(protocol).unwrap() {
            let is_had = catalogue.iter().any(|entry| entry.can(capability));
            assert!(is_had, "{protocol}: nobody has {capability}");
        }
    }
    assert_eq!(capabilities_of("carrier-pigeon"), None);
}
