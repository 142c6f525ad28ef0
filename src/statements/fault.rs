//! What is wrong with a statement? A stable code for each way, and a sentence for people.
//!
//! Rows: A2.

use std::fmt;

/// One thing that is wrong, and where. Repeats nothing of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What.
    pub code: FaultCode,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.code.as_str(), self.code.sentence()),
            line => write!(f, "line {line}: {}: {}", self.code.as_str(), self.code.sentence()),
        }
    }
}

macro_rules! codes {
    ($($name:ident $code:literal $sentence:literal)+) => {
        /// In which way a statement is wrong. Codes are stable: programs may compare them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultCode { $(#[doc = $sentence] $name,)+ }

        impl FaultCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The same for people.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)+ }
            }
        }
    };
}

codes! {
    TooLarge "too_large" "the file is larger than any day's statement"
    Empty "empty" "the file is empty"
    NotText "not_text" "the file is not UTF-8 text"
    NotPlain "not_plain" "a line holds characters that cannot be printed"
    CutOff "cut_off" "the last line does not end in a line feed"
    TooManyFaults "too_many_faults" "there are more faults than are listed"
    JsonUnreadable "json_unreadable" "the file is not JSON of the shape that is agreed"
    HeaderMissing "header_missing" "the first line is not an H line"
    HeaderRepeated "header_repeated" "an H line stands below the first line"
    HeaderFields "header_fields" "an H line has eight fields"
    HeaderName "header_name" "the second field of an H line is ANCHOR-RECON"
    HeaderVersion "header_version" "the version is not one that is read here"
    HeaderPartner "header_partner" "the partner is not an id"
    HeaderDate "header_date" "the day is not a date such as 2026-11-22"
    HeaderSequence "header_sequence" "the sequence is not four digits from 0001"
    HeaderCurrency "header_currency" "the currency is not three capital letters"
    HeaderMadeAt "header_made_at" "the time of making is not one such as 2026-11-23T01:10:00Z"
    UnknownRecord "unknown_record" "a line begins with H, D or T"
    LineFields "line_fields" "a D line has eleven fields"
    LineNumber "line_number" "D lines are numbered from 1 without a gap"
    KindUnknown "kind_unknown" "the type is none of those that are agreed"
    ReferenceOdd "reference_odd" "our reference is 1 to 100 visible characters"
    PartnerRefOdd "partner_ref_odd" "the partner's id is 1 to 100 visible characters"
    TimeUnreadable "time_unreadable" "the time is not one such as 2026-11-22T03:14:07Z"
    TimeOutside "time_outside" "the time is on no place's day of the statement"
    DateUnreadable "date_unreadable" "the business date is not a date such as 2026-11-22"
    DateOutside "date_outside" "the business date is not the day of the statement"
    AmountUnreadable "amount_unreadable" "the amount is not whole cents, such as -1250"
    WrongSign "wrong_sign" "the amount has the sign that its type never has"
    FeeUnreadable "fee_unreadable" "the fee is not whole cents"
    CurrencyDiffers "currency_differs" "the currency is not the one of the H line"
    Repeated "repeated" "a line has the type, id, amount and time of an earlier one"
    TrailerMissing "trailer_missing" "the last line is not a T line"
    TrailerFields "trailer_fields" "a T line has lines, totals, sum and digest"
    AfterTrailer "after_trailer" "something stands below the T line"
    LineCount "line_count" "the count of the T line is not that of the D lines"
    TotalUnreadable "total_unreadable" "a total is not type, count and cents with colons between"
    TotalRepeated "total_repeated" "a type has two totals"
    TotalMissing "total_missing" "a type that stands in D lines has no total"
    TotalCount "total_count" "a total's count is not that of its D lines"
    TotalAmount "total_amount" "a total's cents are not the sum of its D lines"
    SumDiffers "sum_differs" "the sum of the T line is not that of the D lines"
    SumTooLarge "sum_too_large" "the lines move more in all than any day's statement"
    DigestUnreadable "digest_unreadable" "the digest is not SHA256: and 64 hexadecimal digits"
    DigestDiffers "digest_differs" "the digest is not that of the bytes above"
    PartnerUnknown "partner_unknown" "no partner of that id gives anything here"
    PartnerOther "partner_other" "the statement is another partner's than the one that was asked"
    DayOther "day_other" "the statement is of another day than was asked for"
    DayNotOver "day_not_over" "the day of the statement is not over"
    MadeTooEarly "made_too_early" "the statement was made before its day was over"
    SequenceGap "sequence_gap" "the statement before it in the sequence of that day has not come"
    SequenceRepeated "sequence_repeated"
        "another file of that day and sequence was imported; a corrected one has the next number"
    TooManyLines "too_many_lines" "a bank's file has at most 10,000 lines; bring it in parts"
    ColumnMissing "column_missing"
        "a column is missing: booked_on, partner, direction, amount, currency, bank_reference"
    ColumnRepeated "column_repeated" "a column stands in the header twice"
    FieldCount "field_count" "the line has more or fewer fields than the header"
    QuoteOpen "quote_open" "a double quote does not end on its line"
    DirectionUnknown "direction_unknown" "the direction is paid or received"
    AmountOdd "amount_odd" "the amount is above zero with at most two places, such as 500.00"
    CurrencyUnknown "currency_unknown" "the currency is not three capital letters"
    BankReferenceOdd "bank_reference_odd" "the bank's reference is 1 to 100 visible characters"
    BankReferenceRepeated "bank_reference_repeated"
        "the bank's reference stands in the file twice"
    BankReferenceTaken "bank_reference_taken"
        "the bank's reference is in the books with other facts"
    DateInFuture "date_in_future" "the day has not come"
}
