//! Is a bank's table read by its header, and is everything that is wrong with it named?
//!
//! Rows: A2.

use super::*;

const HEADER: &str = "booked_on,partner,direction,amount,currency,bank_reference";
const LINE: &str = "2026-11-20,aldi,paid,500.00,AUD,NAB-1";

fn codes(text: &str) -> Vec<(usize, &'static str)> {
    let faults = parse_bank(text.as_bytes()).faults;
    faults.iter().map(|fault| (fault.line, fault.code.as_str())).collect()
}

#[test]
fn columns_are_found_by_name_in_any_order_and_others_are_not_looked_at() {
    let plain = parse_bank(format!("{HEADER}\n{LINE}\n").as_bytes());
    let odd = "\u{feff}Bank_Reference, note ,currency,amount,direction,partner,booked_on\r\n\
               NAB-1,\"Thanks, \"\"Aldi\"\"\",AUD,500,paid,aldi,2026-11-20\r\n\r\n";
    assert_eq!(parse_bank(odd.as_bytes()), plain);
    assert!(plain.faults.is_empty());
    let plain = plain.lines;
    assert_eq!((plain[0].line, plain[0].amount.to_string()), (2, "500.00".to_owned()));
}

#[test]
fn everything_that_is_wrong_is_named_at_once_by_line() {
    let bad = [
        HEADER,
        "20.11.2026,Aldi AG,sent,-5,Dollar,two words",
        LINE,
        "2026-11-20,aldi,received,0.00,AUD,NAB-2",
        "2026-11-20,aldi,received,0.001,AUD,NAB-3",
        LINE,
        "2026-11-20,aldi,paid",
        "2026-11-20,aldi,paid,\"1.00,AUD,NAB-4",
    ];
    assert_eq!(
        codes(&(bad.join("\n") + "\n")),
        [
            (2, "date_unreadable"),
            (2, "partner_unknown"),
            (2, "direction_unknown"),
            (2, "amount_odd"),
            (2, "currency_unknown"),
            (2, "bank_reference_odd"),
            (4, "amount_odd"),
            (5, "amount_odd"),
            (6, "bank_reference_repeated"),
            (7, "field_count"),
            (8, "quote_open"),
        ]
    );
}

#[test]
fn a_file_that_is_none_or_was_cut_is_refused_whole() {
    assert_eq!(codes(""), [(0, "empty")]);
    assert_eq!(codes("booked_on,partner\n"), [(1, "column_missing")]);
    assert_eq!(codes(&format!("{HEADER},amount\n{LINE}\n")), [(1, "column_repeated")]);
    assert_eq!(codes(&format!("{HEADER}\n{LINE}")), [(2, "cut_off")]);
    let faults = parse_bank(&[0xff, b'\n']).faults;
    assert_eq!(faults[0].code.as_str(), "not_text");
    let lines = (0..=10_000).map(|n| format!("2026-11-20,aldi,paid,1.00,AUD,NAB-{n}\n"));
    let long = lines.fold(format!("{HEADER}\n"), |text, line| text + &line);
    assert_eq!(codes(&long), [(10_002, "too_many_lines")]);
}
