//! Is money ever anything but whole cents of one currency?
//!
//! Rows: A1.

use proptest::prelude::*;

use crate::money::{Amount, Currency, MoneyError};

#[test]
fn only_whole_cents_of_zero_or_more_are_amounts() {
    for good in ["0", "0.00", "20", "20.5", "20.50", "999999999.99"] {
        assert!(good.parse::<Amount>().is_ok(), "{good}");
    }
    for (bad, why) in [
        ("", MoneyError::NotANumber),
        ("twenty", MoneyError::NotANumber),
        ("1e3", MoneyError::NotANumber),
        ("1_000", MoneyError::NotANumber),
        ("NaN", MoneyError::NotANumber),
        ("-0.01", MoneyError::Negative),
        ("0.001", MoneyError::TooManyPlaces),
        ("1000000000", MoneyError::TooLarge),
    ] {
        assert_eq!(bad.parse::<Amount>(), Err(why), "{bad}");
    }
    assert_eq!("20".parse::<Amount>().unwrap().to_string(), "20.00");
}

#[test]
fn a_currency_is_three_capital_letters() {
    assert_eq!("AUD".parse::<Currency>(), Ok(Currency::AUD));
    for bad in ["aud", "AU", "AUDD", "A$D", ""] {
        assert!(bad.parse::<Currency>().is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn what_was_added_can_be_taken_away(a in 0_u32..99_999_999, b in 0_u32..99_999_999) {
        let cents = |n: u32| format!("{}.{:02}", n / 100, n % 100).parse::<Amount>().unwrap();
        let (a, b) = (cents(a), cents(b));
        let sum = a.plus(b).unwrap();
        prop_assert_eq!(sum.minus(b).unwrap(), a);
        prop_assert_eq!(sum.to_string().parse::<Amount>().unwrap(), sum);
        prop_assert!(b.minus(a).is_ok() || b < a);
    }
}
