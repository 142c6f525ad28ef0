//! Do the partner's books of the day add up, and does what was ordered stand in them?
//!
//! Rows: P7, A2.

use std::collections::BTreeSet;

use domain::partner_statement::{Movement, MovementKind};

use crate::conformance::check::Promise;
use crate::conformance::run::{Given, Run};
use crate::statements::{Faulty, PartnerStatement, parse};

const READ: Promise = Promise {
    id: "statement_whole",
    title: "The statement of the day is whole and adds up",
    expected: "200 with every line, total and digest right",
};
const OURS: Promise = Promise {
    id: "statement_of_the_day",
    title: "The statement is the one that was asked for",
    expected: "this partner and this day",
};
const HOLDS: Promise = Promise {
    id: "statement_holds",
    title: "Everything that was ordered stands in the statement, once",
    expected: "one ISSUE for each order and one VOID for each void, with amount and id",
};
/// All of them.
pub const ALL: &[&Promise] = &[&READ, &OURS, &HOLDS];

/// Reads the statement of the day on which the first value was given.
pub async fn of_the_day(run: &mut Run<'_>) {
    let zone = run.entry.details().time_zone;
    let Some(first) = run.given.first() else {
        return run.list.leave_out(ALL, None, "nothing was ordered");
    };
    let date = first.at.with_timezone(&zone).date_naive();
    let timed = run.caller.get(&format!("/statements/{date}")).await;
    let bytes = match &timed.answer {
        Ok(answer) if timed.status() == 200 => answer.body.as_slice(),
        _ => {
            run.list.add(&READ, None, Err(timed.seen()));
            return run.list.leave_out(&ALL[1..], None, "there is no statement");
        }
    };
    let statement = match parse(bytes) {
        Ok(statement) => statement,
        Err(Faulty { faults, .. }) => {
            let codes: BTreeSet<&str> = faults.iter().map(|fault| fault.code.as_str()).collect();
            let codes: Vec<&str> = codes.into_iter().collect();
            let seen = format!("first, {}; in all: {}", faults[0], codes.join(", "));
            run.list.add(&READ, None, Err(seen));
            return run.list.leave_out(&ALL[1..], None, "the statement cannot be read");
        }
    };
    let lines = statement.movements.len();
    run.list.add(&READ, None, Ok(format!("200, {lines} lines")));
    let is_ours = statement.heading.partner == *run.entry.id() && statement.heading.date == date;
    let seen = if is_ours { Ok("so it is") } else { Err("another partner or day") };
    run.list.add(&OURS, None, seen.map(str::to_owned).map_err(str::to_owned));
    let on_the_day = |given: &&Given| given.at.with_timezone(&zone).date_naive() == date;
    let all: Vec<&Given> = run.given.iter().filter(on_the_day).collect();
    let odd: Vec<&str> = all.iter().filter_map(|given| oddity(&statement, given)).collect();
    let seen = match odd.first() {
        None => Ok(format!("{} of {} orders", all.len(), all.len())),
        Some(first) => Err(format!("{} of {} orders, first: {first}", odd.len(), all.len())),
    };
    run.list.add(&HOLDS, None, seen);
}

/// What is wrong with how a value stands in the statement.
fn oddity(statement: &PartnerStatement, given: &Given) -> Option<&'static str> {
    let of = |kind| {
        let its = move |line: &&Movement| {
            line.kind == kind
                && line.reference == given.order.reference
                && line.partner_ref == given.value_id
        };
        statement.movements.iter().filter(its).collect::<Vec<_>>()
    };
    let is_right = |line: &Movement| {
        let money = line.money();
        money.amount == given.order.amount && money.currency == given.order.currency
    };
    match of(MovementKind::Issue).as_slice() {
        [] => return Some("it does not stand there"),
        [line] if !is_right(line) => return Some("another amount"),
        [_] => {}
        _ => return Some("it stands there more than once"),
    }
    match (given.voided, of(MovementKind::Void).as_slice()) {
        (None, _) => None,
        (Some(_), [line]) if is_right(line) && line.takes_off() => None,
        (Some(_), _) => Some("its void does not stand there once"),
    }
}
