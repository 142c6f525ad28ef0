//! Are account numbers read as people type them, and mistyped ones refused?
//!
//! Rows: R4.

use super::number::{CheckDigit, NotANumber, NumberFormat, masked};

fn format(prefix: &str, length: usize, check_digit: CheckDigit) -> NumberFormat {
    NumberFormat {
        called: "card number".to_owned(),
        prefix: prefix.to_owned(),
        at_least: length,
        at_most: length,
        hexadecimal: false,
        check_digit,
        check_digit_is_confirmed: true,
    }
}

#[test]
fn published_examples_of_both_rules_fit() {
    for (digits, whole) in [("10000456", "100004563"), ("1234567890", "12345678903")] {
        let expected = CheckDigit::Luhn.of(digits).unwrap();
        assert_eq!(format!("{digits}{expected}"), whole);
    }
    assert!(CheckDigit::Luhn.fits("89557136"));
    for (digits, whole) in [
        ("40007923", "400079231"),
        ("1234567890", "12345678905"),
        ("12345", "123455"),
        ("100000004", "1000000047"),
        ("324324234324", "3243242343249"),
    ] {
        let expected = CheckDigit::WeightedByPosition.of(digits).unwrap();
        assert_eq!(format!("{digits}{expected}"), whole);
    }
    assert!(CheckDigit::WeightedByPosition.fits("87348538"));
}

#[test]
fn any_single_wrong_digit_is_found_by_luhn() {
    let whole = "308425123456780";
    assert!(CheckDigit::Luhn.fits(whole));
    for place in 0..whole.len() {
        for digit in '0'..='9' {
            let mut wrong: Vec<char> = whole.chars().collect();
            if wrong[place] != digit {
                wrong[place] = digit;
                assert!(!CheckDigit::Luhn.fits(&wrong.iter().collect::<String>()));
            }
        }
    }
}

#[test]
fn numbers_are_read_as_people_type_them() {
    let myki = format("308425", 15, CheckDigit::Luhn);
    for typed in ["308425123456780", " 308425 12345678 0", "308425-12345678-0"] {
        assert_eq!(myki.read(typed).unwrap().text, "308425123456780");
    }
    let form = |typed| matches!(myki.read(typed), Err(NotANumber::Form { .. }));
    assert!(form("") && form("30842512345678") && form("999425123456780") && form("308425x"));
    let mistyped = myki.read("308425123456781").err().unwrap();
    assert!(matches!(mistyped, NotANumber::CheckDigit { .. }));
    assert!(!mistyped.to_string().contains("308425123456781"));
}

#[test]
fn a_rule_that_is_not_confirmed_warns_and_refuses_nobody() {
    let mut opal = format("308522", 16, CheckDigit::Luhn);
    opal.check_digit_is_confirmed = false;
    assert!(!opal.read("3085 2200 1234 5670").unwrap().is_doubtful);
    assert!(opal.read("3085 2200 1234 5671").unwrap().is_doubtful);
}

#[test]
fn letters_are_read_where_the_partner_has_them() {
    let mut origin = format("A-", 9, CheckDigit::None);
    origin.hexadecimal = true;
    assert_eq!(origin.read("a-5ae579cd").unwrap().text, "A-5AE579CD");
    assert!(origin.read("A-5AE579CZ").is_err());
    assert_eq!(origin.fault(), None);
    origin.check_digit = CheckDigit::Luhn;
    assert!(origin.fault().is_some());
    assert!(format("123456", 5, CheckDigit::None).fault().is_some());
}

#[test]
fn a_masked_number_shows_four_characters_or_none() {
    assert_eq!(masked("1234567890"), "••••••7890");
    assert_eq!(masked("12345"), "•••••");
    assert_eq!(masked(""), "");
}
