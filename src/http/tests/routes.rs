//! Rows: Q2, F5.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::access::WhoMay;
use crate::http::{openapi, problem::Code, routes};

fn document() -> Value {
    serde_json::to_value(openapi::document()).expect("plain JSON")
}

#[test]
fn the_document_describes_every_route_and_nothing_else() {
    let served: BTreeSet<(String, String)> = routes::all()
        .iter()
        .map(|line| (line.path.to_owned(), line.method.as_str().to_lowercase()))
        .collect();
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let described: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").keys();
            methods.map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    assert_eq!(served, described);
}

#[test]
fn every_operation_says_who_may_and_how_problems_look() {
    let document = document();
    for line in routes::all() {
        let operation = &document["paths"][line.path][line.method.as_str().to_lowercase()];
        let roles = operation["x-roles"].as_array().expect("x-roles");
        assert!(!roles.is_empty(), "{}", line.path);
        let is_closed = matches!(line.who, WhoMay::Roles(_));
        assert!(!is_closed || operation["responses"]["403"].is_object(), "{}", line.path);
        assert!(operation["responses"]["default"].is_object(), "{}", line.path);
        assert!(operation["summary"].is_string() || operation["description"].is_string());
    }
}

#[test]
fn the_document_lists_every_code() {
    let document = document();
    for code in Code::ALL {
        let about = &document["x-problems"][code.as_str()];
        assert_eq!(about["status"], code.status().as_u16(), "{}", code.as_str());
    }
}
