//! Is a good statement read, and every way of being bad named with its line?
//!
//! Rows: A2.

use std::collections::BTreeSet;

use domain::partner_statement::{Movement, MovementKind};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::{FaultCode, Heading, PartnerStatement, parse};

pub(super) const HEADER: &str =
    "H,ANCHOR-RECON,1,woolworths,2026-11-22,0001,AUD,2026-11-23T01:10:00Z";
pub(super) const ISSUE: &str =
    "D,1,ISSUE,GRT-7F3K-1,WW-99120034,2026-11-22T03:14:07Z,2026-11-22,2000,0,AUD,";
const REDEEM: &str =
    "D,2,REDEEM,GRT-5Q1M-1,WW-99118871,2026-11-22T08:40:55Z,2026-11-22,-1250,0,AUD,STORE-2217";
const VOID: &str = "D,3,VOID,GRT-4C0A-1,WW-99117702,2026-11-22T09:02:11Z,2026-11-22,-2000,5,AUD,";
const TOTALS: &str = "3,ISSUE:1:2000,REDEEM:1:-1250,VOID:1:-2000,-1250";

/// These lines with a T line whose digest is right.
pub(super) fn signed(lines: &[&str], totals: &str) -> String {
    let above: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let digest = hex::encode(Sha256::digest(above.as_bytes()));
    format!("{above}T,{totals},SHA256:{digest}\n")
}

pub(super) fn good() -> String {
    signed(&[HEADER, ISSUE, REDEEM, VOID], TOTALS)
}

/// The codes of a bad file, with their lines.
pub(super) fn faults(text: &str) -> Vec<(usize, &'static str)> {
    let faulty = parse(text.as_bytes()).expect_err("a bad file");
    faulty.faults.iter().map(|fault| (fault.line, fault.code.as_str())).collect()
}

#[test]
fn a_good_statement_is_read_whole() {
    let text = good();
    let statement = parse(text.as_bytes()).unwrap();
    let PartnerStatement { heading, movements, .. } = &statement;
    let Heading { partner, date, sequence, currency, made_at } = heading;
    assert_eq!((partner.as_str(), *sequence, currency.as_str()), ("woolworths", 1, "AUD"));
    assert_eq!(made_at.to_rfc3339(), "2026-11-23T01:10:00+00:00");
    assert_eq!((statement.sum_cents, movements.len()), (-1250, 3));
    assert_eq!(statement.sha256, hex::encode(Sha256::digest(text.as_bytes())));
    let Movement { line, kind, reference, partner_ref, cents, place, .. } = &movements[1];
    assert_eq!((*line, *kind, *cents), (3, MovementKind::Redeem, -1250));
    assert_eq!((reference.as_str(), partner_ref.as_str()), ("GRT-5Q1M-1", "WW-99118871"));
    assert_eq!(place.as_deref(), Some("STORE-2217"));
    assert_eq!(movements[1].money().to_string(), "12.50 AUD");
    assert!(movements[1].takes_off() && !movements[0].takes_off());
    assert_eq!(movements[2].fee_cents, 5);
    assert_eq!(date.to_string(), "2026-11-22");
}

#[test]
fn a_day_on_which_nothing_happened_is_a_statement_too() {
    let statement = parse(signed(&[HEADER], "0,0").as_bytes()).unwrap();
    assert_eq!((statement.movements.len(), statement.sum_cents), (0, 0));
}

#[test]
fn every_beginning_of_a_good_statement_is_refused() {
    let text = good();
    for end in 0..text.len() {
        assert!(parse(&text.as_bytes()[..end]).is_err(), "its first {end} bytes");
    }
    assert_eq!(faults(text.trim_end()), [(5, "cut_off")]);
}

/// A way to be bad: the lines and totals, and what is then named.
pub(super) type Bad = (&'static str, Vec<String>, String, Vec<(usize, &'static str)>);

/// The good file with one field of one line changed, and a right digest.
fn with(line: usize, field: usize, value: &str) -> (Vec<String>, String) {
    let mut lines: Vec<String> =
        [HEADER, ISSUE, REDEEM, VOID, TOTALS].iter().map(|line| (*line).to_owned()).collect();
    let mut fields: Vec<&str> = lines[line].split(',').collect();
    fields[field] = value;
    lines[line] = fields.join(",");
    let totals = lines.pop().unwrap();
    (lines, totals)
}

fn changed(what: &'static str, at: (usize, usize, &str), named: &[(usize, &'static str)]) -> Bad {
    let (lines, totals) = with(at.0, at.1, at.2);
    (what, lines, totals, named.to_vec())
}

/// Files with one thing wrong each, and what is then named.
pub(super) fn ways() -> Vec<Bad> {
    vec![
        changed("another format", (0, 1, "OTHER"), &[(1, "header_name")]),
        changed("another version", (0, 2, "2"), &[(1, "header_version")]),
        changed("no partner", (0, 3, "Wool worths"), &[(1, "header_partner")]),
        changed("no day", (0, 4, "22-11-2026"), &[(1, "header_date")]),
        changed("no sequence", (0, 5, "0000"), &[(1, "header_sequence")]),
        changed("no currency", (0, 6, "aud"), &[(1, "header_currency")]),
        changed("no time", (0, 7, "2026-11-23"), &[(1, "header_made_at")]),
        changed("a gap", (2, 1, "3"), &[(3, "line_number")]),
        changed("a strange type", (2, 2, "GIFT"), &[(3, "kind_unknown")]),
        changed("no reference", (2, 3, ""), &[(3, "reference_odd")]),
        changed("no id", (2, 4, "a b"), &[(3, "partner_ref_odd")]),
        changed("a strange time", (2, 5, "8:40"), &[(3, "time_unreadable")]),
        changed("yesteryear", (2, 5, "2025-11-22T08:40:55Z"), &[(3, "time_outside")]),
        changed("a strange date", (2, 6, "today"), &[(3, "date_unreadable")]),
        changed("the next day", (2, 6, "2026-11-23"), &[(3, "date_outside")]),
        changed("dollars", (2, 7, "-12.50"), &[(3, "amount_unreadable")]),
        changed("a plus", (1, 7, "+2000"), &[(2, "amount_unreadable")]),
        changed("too much", (1, 7, "100000000000"), &[(2, "amount_unreadable")]),
        changed("a strange fee", (3, 8, "five"), &[(4, "fee_unreadable")]),
        changed("another currency", (3, 9, "NZD"), &[(4, "currency_differs")]),
        changed("a cent more", (1, 7, "2001"), &[(5, "total_amount"), (5, "sum_differs")]),
        changed("one line more", (4, 0, "4"), &[(5, "line_count")]),
        changed(
            "a strange total",
            (4, 2, "REDEEM"),
            &[(5, "total_missing"), (5, "total_unreadable")],
        ),
        changed("a wrong count", (4, 2, "REDEEM:2:-1250"), &[(5, "total_count")]),
        changed("a wrong total", (4, 2, "REDEEM:1:-1251"), &[(5, "total_amount")]),
        changed(
            "two totals",
            (4, 2, "VOID:1:-2000"),
            &[(5, "total_missing"), (5, "total_repeated")],
        ),
        changed("a wrong sum", (4, 4, "1250"), &[(5, "sum_differs")]),
    ]
}

#[test]
fn each_way_of_being_bad_has_its_code_and_its_line() {
    for (what, lines, totals, named) in ways() {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut found = faults(&signed(&lines, &totals));
        found.sort_unstable();
        let mut named = named;
        named.sort_unstable();
        assert_eq!(found, named, "{what}");
    }
    let negative = [HEADER, &ISSUE.replace(",2000,", ",-2000,"), REDEEM, VOID];
    let totals = "3,ISSUE:1:-2000,REDEEM:1:-1250,VOID:1:-2000,-5250";
    assert_eq!(faults(&signed(&negative, totals)), [(2, "wrong_sign")]);
    let again = ISSUE.replace("D,1,", "D,2,");
    let twice = signed(&[HEADER, ISSUE, &again], "2,ISSUE:2:4000,4000");
    assert_eq!(faults(&twice), [(3, "repeated")]);
}

#[test]
fn a_file_of_the_wrong_shape_is_named_as_such() {
    let lines = [HEADER, ISSUE, REDEEM, VOID];
    assert_eq!(faults(""), [(0, "empty")]);
    assert_eq!(faults(&good().replacen("H,", "X,", 1))[..1], [(1, "header_missing")]);
    assert!(faults(&signed(&lines[1..], TOTALS)).contains(&(1, "header_missing")));
    assert_eq!(faults(&signed(&["H,ANCHOR-RECON"], "0,0")), [(1, "header_fields")]);
    let twice = signed(&[HEADER, HEADER, ISSUE, REDEEM, VOID], TOTALS);
    assert_eq!(faults(&twice), [(2, "header_repeated")]);
    assert_eq!(
        faults(&signed(&[HEADER, "", ISSUE, REDEEM, VOID], TOTALS)),
        [(2, "unknown_record")]
    );
    let short = signed(&[HEADER, "D,1,ISSUE"], "1,0");
    assert_eq!(faults(&short), [(2, "line_fields")]);
    let unsigned = lines.map(|line| format!("{line}\n")).concat();
    assert_eq!(faults(&unsigned), [(4, "trailer_missing")]);
    assert_eq!(faults(&format!("{unsigned}T,3\n")), [(5, "trailer_fields")]);
    assert_eq!(faults(&format!("{}{ISSUE}\n", good())), [(6, "after_trailer")]);
    assert!(faults(&good().replace('\n', "\r\n")).contains(&(1, "not_plain")));
    assert_eq!(faults(&format!("{unsigned}T,{TOTALS},MD5:1\n")), [(5, "digest_unreadable")]);
    assert_eq!(faults(&good().replace("STORE-2217", "STORE-2218")), [(5, "digest_differs")]);
    let bytes = [HEADER.as_bytes(), b"\n\xff\n"].concat();
    assert_eq!(
        parse(&bytes).unwrap_err().faults[0].to_string(),
        "line 2: not_text: the file is not UTF-8 text"
    );
    assert_eq!(
        parse(&vec![b'x'; super::LARGEST + 1]).unwrap_err().faults[0].code,
        FaultCode::TooLarge
    );
    let many = format!("{HEADER}\n{}", "\n".repeat(5_000));
    let named = faults(&many);
    assert!(named.len() < 1_100 && named[0] == (0, "too_many_faults"), "{}", named.len());
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let lines = [
        HEADER,
        &ISSUE.replace("ISSUE", "GIFT").replace(",2000,", ",20.00,"),
        &REDEEM.replace("AUD", "NZD"),
        &VOID.replace("D,3", "D,7"),
    ];
    let named = [
        (2, "kind_unknown"),
        (2, "amount_unreadable"),
        (3, "currency_differs"),
        (4, "line_number"),
        (5, "line_count"),
    ];
    let totals = "4,ISSUE:1:2000,REDEEM:1:-1250,VOID:1:-2000,-1250";
    let text = signed(&lines, totals);
    assert_eq!(faults(&text), named);
    // Whose it is can be told all the same, so that the rest can be looked at, too.
    let heading = parse(text.as_bytes()).unwrap_err().heading.unwrap();
    assert_eq!(heading, parse(good().as_bytes()).unwrap().heading);
}

#[test]
fn every_code_is_its_own_and_has_a_sentence() {
    let codes: BTreeSet<&str> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes.len(), FaultCode::ALL.len());
    assert!(FaultCode::ALL.iter().all(|code| code.sentence().len() > 10));
}

proptest! {
    #[test]
    fn a_statement_with_any_byte_changed_is_refused(at in 0_usize..400, to in any::<u8>()) {
        let mut bytes = good().into_bytes();
        let at = at % bytes.len();
        // The digest is hexadecimal in either case.
        prop_assume!(!bytes[at].eq_ignore_ascii_case(&to));
        bytes[at] = to;
        prop_assert!(parse(&bytes).is_err());
    }

    #[test]
    fn no_bytes_make_the_reader_stumble(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(&bytes).is_err());
        let text = [HEADER.as_bytes(), b"\nD,1,", &bytes, b"\nT,1,0,SHA256:00\n"].concat();
        prop_assert!(parse(&text).is_err());
    }
}
