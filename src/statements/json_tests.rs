//! Does a statement say the same as JSON as it says as CSV, good or bad?
//!
//! Rows: A2.

use domain::partner_statement::Movement;
use serde_json::{Value, json};

use super::tests::{HEADER, ISSUE, faults, good, signed, ways};
use super::{PartnerStatement, parse, partner_named};

/// A figure as JSON has it, or whatever it is instead.
fn figure(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// The same statement as JSON.
fn as_json(csv: &str) -> Value {
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let [head, lines @ .., last] = rows.as_slice() else { panic!("{csv}") };
    let [_, count, totals @ .., sum, digest] = last.as_slice() else { panic!("{csv}") };
    let line = |line: &Vec<&str>| {
        json!({
            "number": figure(line[1]), "type": line[2], "reference": line[3],
            "partner_ref": line[4], "at": line[5], "business_date": line[6],
            "cents": figure(line[7]), "fee_cents": figure(line[8]), "currency": line[9],
            "place": Some(line[10]).filter(|place| !place.is_empty()),
        })
    };
    let total = |total: &&str| {
        let mut parts = total.split(':').map(figure);
        let mut part = || parts.next().unwrap_or_default();
        json!({ "type": part(), "lines": part(), "cents": part() })
    };
    json!({
        "format": head[1], "version": figure(head[2]), "partner_id": head[3],
        "business_date": head[4], "sequence": figure(head[5].trim_start_matches("000")),
        "currency": head[6], "made_at": head[7],
        "lines": lines.iter().map(line).collect::<Vec<_>>(),
        "totals": {
            "lines": figure(count), "by_type": totals.iter().map(total).collect::<Vec<_>>(),
            "cents": figure(sum), "digest": digest,
        },
    })
}

/// What a statement says, whatever its bytes are.
fn says(statement: PartnerStatement) -> PartnerStatement {
    PartnerStatement { sha256: String::new(), ..statement }
}

#[test]
fn the_same_statement_says_the_same_in_either_form() {
    for csv in [good(), signed(&[HEADER], "0,0")] {
        let document = as_json(&csv);
        let in_csv = says(parse(csv.as_bytes()).unwrap());
        for text in [document.to_string(), format!("\n{document:#}")] {
            assert_eq!(says(parse(text.as_bytes()).unwrap()), in_csv);
            assert_eq!(partner_named(text.as_bytes()), Some(in_csv.heading.partner.clone()));
        }
    }
}

#[test]
fn what_is_wrong_is_named_alike_in_either_form() {
    for (what, lines, totals, mut named) in ways() {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut found = faults(&as_json(&signed(&lines, &totals)).to_string());
        // What JSON cannot say as CSV said it has another digest, too.
        found.retain(|(_, code)| *code != "digest_differs");
        found.sort_unstable();
        named.sort_unstable();
        assert_eq!(found, named, "{what}");
    }
}

#[test]
fn names_may_be_new_and_stand_in_any_order_and_every_value_counts() {
    let mut document = as_json(&good());
    document["lines"][0]["till"] = json!(20);
    document["produced_by"] = json!({ "program": "books" });
    assert!(parse(document.to_string().as_bytes()).is_ok());
    let place = "STORE,\"22\" 17";
    document["lines"][1]["place"] = json!(place);
    assert_eq!(faults(&document.to_string()), [(5, "digest_differs")]);
    document["lines"][1]["place"] = json!("STORE\n2217");
    assert_eq!(faults(&document.to_string()), [(3, "not_plain"), (5, "digest_differs")]);
}

#[test]
fn a_document_of_the_wrong_shape_is_named_as_such() {
    let text = as_json(&good()).to_string();
    for end in 1..text.len() {
        assert_eq!(faults(&text[..end]), [(1, "json_unreadable")], "its first {end} bytes");
    }
    assert_eq!(faults(&format!("{text}\n{text}")), [(2, "json_unreadable")]);
    let twice = text.replacen("\"version\":1", "\"version\":1,\"version\":1", 1);
    assert_eq!(faults(&twice), [(1, "json_unreadable")]);
    let mut document = as_json(&good());
    document["lines"][1] = json!(["D", 2]);
    document["lines"][2]["place"] = json!(5);
    let named = faults(&document.to_string());
    assert_eq!(named[..2], [(3, "line_fields"), (4, "line_fields")]);
    document = as_json(&good());
    document.as_object_mut().unwrap().remove("totals");
    assert_eq!(faults(&document.to_string()), [(5, "trailer_missing")]);
    document["totals"] = json!([3, [], -1250, "SHA256:00"]);
    assert_eq!(faults(&document.to_string()), [(5, "trailer_fields")]);
    let nothing = faults("{}");
    assert!(nothing.contains(&(1, "header_partner")), "{nothing:?}");
    assert!(nothing.contains(&(2, "trailer_missing")), "{nothing:?}");
    document = as_json(&signed(&[HEADER, ISSUE], "1,ISSUE:1:2000,2000"));
    document["lines"][0]["cents"] = json!("2000");
    assert!(faults(&document.to_string()).contains(&(2, "amount_unreadable")));
}

#[test]
fn many_small_lines_are_named_and_fill_no_memory() {
    let mut document = as_json(&good());
    document["lines"] = vec![json!({}); 50_000].into();
    let named = faults(&document.to_string());
    assert!(named.len() < 1_100 && named[0] == (0, "too_many_faults"), "{}", named.len());
    document = as_json(&good());
    document["format"] = vec![json!([]); 50_000].into();
    document["totals"]["by_type"] = vec![json!({}); 50_000].into();
    let named = faults(&document.to_string());
    assert!(named.contains(&(1, "header_name")), "{named:?}");
    assert!(named.len() < 100 && named.contains(&(5, "total_unreadable")), "{named:?}");
}

#[test]
fn a_line_of_json_is_a_movement_like_any_other() {
    let csv = signed(&[HEADER, ISSUE], "1,ISSUE:1:2000,2000");
    let statement = parse(as_json(&csv).to_string().as_bytes()).unwrap();
    let [Movement { line, cents, place, .. }] = statement.movements.as_slice() else { panic!() };
    assert_eq!((*line, *cents, place), (2, 2000, &None));
}
