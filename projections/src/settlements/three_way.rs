//! Do our ledger, partners' statements and our bank say the same? What differs is named.
//!
//! | difference | who pays how | what differs |
//! | --- | --- | --- |
//! | `top_up_not_stated` | prepaid | our bank paid it, and no statement says that it came |
//! | `top_up_not_paid` | prepaid | a statement says that it came, and our bank paid nothing |
//! | `issued_differs` | prepaid | what statements say was issued |
//! | `voided_differs` | prepaid | what statements say was taken back |
//! | `float_differs` | prepaid | what the partner last said was left |
//! | `redeemed_differs` | on redemption, partner-funded | what statements say was spent |
//! | `overpaid` | on redemption | more was paid than is owed |
//! | `bank_line_unexpected` | partner-funded | our bank has a line at all |
//!
//! Each with its amount, theirs less ours: surplus is as serious as shortfall. What statements say
//! is compared with what the ledger has on the days that they are of; the rest is not stated yet.
//! A top-up and the line that speaks of it may lie [`TOP_UP_DAYS`] apart. What nobody ever said
//! anything about is unanswered, by name, and never nothing.
//!
//! Rows: A1, A2, A4.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::partner_statement::{KindTotal, MovementKind, TOP_UP_DAYS};
use domain::reward::FundingModel;
use domain::settlement::Direction;
use rust_decimal::Decimal;

/// What all three say of a partner in a currency.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sides {
    /// What the ledger's float holds.
    pub float: Decimal,
    /// What the ledger owes.
    pub payable: Decimal,
    /// What is set aside, debits less credits.
    pub suspense: Decimal,
    /// Signed cents that the ledger moved, by kind: in all, and on the days of the statements.
    pub moved: BTreeMap<MovementKind, (i64, i64)>,
    /// The statements, one for each day.
    pub stated: Vec<(NaiveDate, Vec<KindTotal>)>,
    /// The bank's lines.
    pub bank: Vec<BankLine>,
    /// What the partner last said was left.
    pub reported: Option<ReportedFloat>,
}

/// A line of the bank's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankLine {
    /// Which way.
    pub direction: Direction,
    /// How much.
    pub amount: Decimal,
    /// When.
    pub booked_on: NaiveDate,
}

/// What a partner said was left of our float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedFloat {
    /// How much.
    pub balance: Decimal,
    /// When it said so.
    pub at: DateTime<Utc>,
    /// What the ledger's float held then.
    pub float_then: Decimal,
}

/// What one side says of value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Values {
    /// Given to members.
    pub issued: Decimal,
    /// Taken back, and credits that went back.
    pub voided: Decimal,
    /// Spent, less what was reversed.
    pub redeemed: Decimal,
    /// Paid into the float.
    pub topped_up: Decimal,
}

/// One thing that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub kind: &'static str,
    /// Theirs less ours.
    pub amount: Decimal,
}

/// How the three compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What the ledger moved.
    pub ledger: Values,
    /// Of it, on days that no statement is of.
    pub not_yet_stated: Values,
    /// What statements say; none when there is none.
    pub statements: Option<Values>,
    /// What the bank paid and received; none when it never had a line.
    pub bank: Option<(Decimal, Decimal)>,
    /// The ledger's float; none where it cannot be known, or there is none.
    pub float: Option<Decimal>,
    /// What is owed and not yet paid; none where it cannot be known, or nothing is owed ever.
    pub unpaid: Option<Decimal>,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What cannot be answered, and why.
    pub unanswered: Vec<(&'static str, &'static str)>,
}

const NO_STATEMENT: &str = "no_statement";
const NO_BANK_LINE: &str = "no_bank_line";
const NEVER_REPORTED: &str = "never_reported";

/// Compares the three for a partner that is paid for like this.
#[must_use]
pub fn compare(model: FundingModel, sides: &Sides) -> Compared {
    let is_prepaid = model == FundingModel::Prepaid;
    let all = Values::of(|kind| sides.moved.get(&kind).map_or(0, |moved| moved.0));
    let on_days = Values::of(|kind| sides.moved.get(&kind).map_or(0, |moved| moved.1));
    let sum = |way: Direction| {
        sides.bank.iter().filter(|l| l.direction == way).map(|l| l.amount).sum::<Decimal>()
    };
    let bank = (!sides.bank.is_empty()).then(|| (sum(Direction::Paid), sum(Direction::Received)));
    let statements = (!sides.stated.is_empty()).then(|| said(&sides.stated));
    let paid_for = bank.is_some();
    let mut compared = Compared {
        ledger: all,
        not_yet_stated: all.less(on_days),
        statements,
        bank,
        // What was agreed otherwise before is shown as long as something is left of it.
        float: (is_prepaid && paid_for || !is_prepaid && !sides.float.is_zero())
            .then_some(sides.float),
        unpaid: (model == FundingModel::PayOnRedemption && paid_for)
            .then(|| sides.payable.max(Decimal::ZERO)),
        differences: Vec::new(),
        unanswered: Vec::new(),
    };
    if statements.is_none() {
        compared.unanswered.push(("statements", NO_STATEMENT));
    }
    if bank.is_none() {
        compared.unanswered.push(("bank", NO_BANK_LINE));
    }
    match model {
        FundingModel::Prepaid => compared.of_float(sides, on_days),
        FundingModel::PayOnRedemption => compared.of_payable(sides, on_days),
        FundingModel::PartnerFunded => {
            if let Some(said) = compared.statements {
                compared.differ("redeemed_differs", said.redeemed - on_days.redeemed);
            }
            for (direction, amount) in sides.bank.iter().map(|l| (l.direction, l.amount)) {
                let is_paid = direction == Direction::Paid;
                compared.differ("bank_line_unexpected", if is_paid { amount } else { -amount });
            }
        }
    }
    compared
}

impl Compared {
    fn differ(&mut self, kind: &'static str, amount: Decimal) {
        if !amount.is_zero() {
            self.differences.push(Difference { kind, amount });
        }
    }

    fn of_float(&mut self, sides: &Sides, on_days: Values) {
        if let Some(said) = self.statements {
            self.differ("issued_differs", said.issued - on_days.issued);
            self.differ("voided_differs", said.voided - on_days.voided);
            if self.bank.is_some() {
                let (not_stated, not_paid) = top_ups(sides);
                self.differ("top_up_not_stated", -not_stated);
                self.differ("top_up_not_paid", not_paid);
            }
        }
        match sides.reported {
            None => self.unanswered.push(("reported_float", NEVER_REPORTED)),
            Some(reported) if self.bank.is_some() => {
                self.differ("float_differs", reported.balance - reported.float_then);
            }
            Some(_) => {}
        }
        if self.bank.is_none() {
            self.unanswered.push(("float", NO_BANK_LINE));
        }
    }

    fn of_payable(&mut self, sides: &Sides, on_days: Values) {
        if let Some(said) = self.statements {
            self.differ("redeemed_differs", said.redeemed - on_days.redeemed);
        }
        if self.bank.is_some() {
            self.differ("overpaid", (-sides.payable).max(Decimal::ZERO));
        } else {
            self.unanswered.push(("unpaid", NO_BANK_LINE));
        }
    }
}

impl Values {
    fn of(cents: impl Fn(MovementKind) -> i64) -> Self {
        use MovementKind as K;
        let amount = |cents: i64| Decimal::new(cents, 2);
        Self {
            issued: amount(cents(K::Issue)),
            voided: amount(-cents(K::Void) - cents(K::Return)),
            redeemed: amount(-cents(K::Redeem) - cents(K::RedeemReversal)),
            topped_up: amount(cents(K::TopUp)),
        }
    }

    fn less(self, other: Self) -> Self {
        Self {
            issued: self.issued - other.issued,
            voided: self.voided - other.voided,
            redeemed: self.redeemed - other.redeemed,
            topped_up: self.topped_up - other.topped_up,
        }
    }
}

fn said(stated: &[(NaiveDate, Vec<KindTotal>)]) -> Values {
    let mut values = Values::default();
    for total in stated.iter().flat_map(|(_, totals)| totals) {
        let (added, taken) = (total.added.decimal(), total.taken.decimal());
        match total.kind {
            MovementKind::Issue => values.issued += added - taken,
            MovementKind::Void | MovementKind::Return => values.voided += taken - added,
            MovementKind::Redeem | MovementKind::RedeemReversal => {
                values.redeemed += taken - added;
            }
            MovementKind::TopUp => values.topped_up += added - taken,
            MovementKind::Expire | MovementKind::Fee | MovementKind::Adjust => {}
        }
    }
    values
}

/// What was paid and is stated by nobody though its time is over, and what is stated and was not
/// paid. Equal amounts meet first, the earliest of each; then what is left of them, so that a day
/// that names several payments in one meets all of them.
fn top_ups(sides: &Sides) -> (Decimal, Decimal) {
    let paid = sides.bank.iter().filter(|line| line.direction == Direction::Paid);
    let mut paid: Vec<(NaiveDate, Decimal)> = paid.map(|l| (l.booked_on, l.amount)).collect();
    paid.sort_unstable();
    let mut stated: Vec<(NaiveDate, Decimal)> = sides
        .stated
        .iter()
        .map(|(day, totals)| (*day, said(&[(*day, totals.clone())]).topped_up))
        .collect();
    stated.sort_unstable();
    for only_equal in [true, false] {
        for (day, left) in &mut stated {
            for (booked_on, amount) in &mut paid {
                let is_near = (*day - *booked_on).num_days().abs() <= TOP_UP_DAYS;
                if is_near && (!only_equal || amount == left) {
                    let both = (*amount).min(*left);
                    *amount -= both;
                    *left -= both;
                }
            }
        }
    }
    let through = sides.stated.iter().map(|(day, _)| *day).max();
    let may_wait = Days::new(TOP_UP_DAYS.unsigned_abs());
    let is_over = |day: &NaiveDate| {
        day.checked_add_days(may_wait).is_some_and(|until| through.is_some_and(|t| until <= t))
    };
    let not_stated = paid.iter().filter(|(day, _)| is_over(day)).map(|(_, left)| *left).sum();
    (not_stated, stated.iter().map(|(_, left)| *left).sum())
}
