//! Is an order that is right taken in time, and is it one value however often it is sent?
//!
//! Two orders are made of each product: the first is repeated and looked up, the second is sent
//! twice at once. So there are two values, whatever happens.
//!
//! Rows: P7, P2, P3, P4, D4.

use std::collections::HashSet;

use domain::money::Amount;
use domain::partner::Product;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::conformance::caller::{As, Timed};
use crate::conformance::check::Promise;
use crate::conformance::run::{Given, Run};
use crate::partners::calls::NoAnswer;
use crate::partners::{Accepted, Balance, NewCredit, NewVoucher, Order};

const TAKEN: Promise = Promise {
    id: "order_taken",
    title: "An order that is right is taken",
    expected: "201 with the value, whole",
};
const IN_TIME_TAKEN: Promise = Promise {
    id: "order_in_time",
    title: "An order is answered in time",
    expected: "an answer within 2 s",
};
const AS_ORDERED: Promise = Promise {
    id: "order_as_ordered",
    title: "What is given is what was ordered",
    expected: "amount, currency, reference and product of the order, and the documented fields",
};
const AGAIN: Promise = Promise {
    id: "order_again",
    title: "The same order under the same key gets the same value again",
    expected: "200 with the same value, none other",
};
const OTHER_BODY: Promise = Promise {
    id: "key_with_another_order",
    title: "A key that comes with another order is refused",
    expected: "409 idempotency_key_reused",
};
const AT_ONCE: Promise = Promise {
    id: "order_at_once",
    title: "The same order twice at once is one value",
    expected: "200 or 201 with one value, or 409 in_progress for one of the two",
};
const TWO: Promise = Promise {
    id: "two_orders_two_values",
    title: "Two orders get two values, each with an id and a code of its own",
    expected: "another id and another code",
};
const FOUND: Promise = Promise {
    id: "order_found",
    title: "An order is found by our reference",
    expected: "200 with the same value",
};
const NOT_FOUND: Promise = Promise {
    id: "order_not_found",
    title: "A reference that nobody has is not found",
    expected: "404 not_found",
};
const BALANCE: Promise = Promise {
    id: "voucher_balance",
    title: "What is left on a new voucher is what was ordered",
    expected: "200 with the amount and currency of the order",
};
const VOID: Promise = Promise {
    id: "voucher_void",
    title: "A voucher is taken back, and only once",
    expected: "200 with what was left, and the same the second time; nothing is left then",
};
/// What follows from an order that was taken.
const AFTERWARDS: [&Promise; 6] = [&AS_ORDERED, &AGAIN, &OTHER_BODY, &FOUND, &AT_ONCE, &TWO];

/// Tries everything with this product.
pub async fn of(run: &mut Run<'_>, product: &Product) {
    let about = Some(product.id.as_str());
    let (Some(first), Some(second)) = (run.order(product), run.order(product)) else {
        let why = "give an account of the partner's for trying, with --test-data";
        run.list.leave_out(&[&TAKEN, &IN_TIME_TAKEN], about, why);
        return run.list.leave_out(&AFTERWARDS, about, why);
    };
    let place = run.place(product);
    let Some(given) = taken(run, &first, place).await else { return };
    repeated(run, &given, place).await;
    found(run, &given, place).await;
    let mut others = at_once(run, second, place).await;
    let earlier = run.given.iter().chain([&given]);
    let alike = earlier.flat_map(|one| others.iter().filter_map(move |other| alike(one, other)));
    let seen = match alike.min() {
        _ if others.is_empty() => Err("the second order was not taken".to_owned()),
        Some(alike) => Err(alike.to_owned()),
        None => Ok("two values".to_owned()),
    };
    run.list.add(&TWO, about, seen);
    balance(run, &given, place).await;
    run.given.push(given);
    run.given.extend(others.pop());
}

/// The first order, and what was given for it.
async fn taken(run: &mut Run<'_>, order: &Order, place: &str) -> Option<Given> {
    let about = Some(order.product.as_str());
    run.board.asked(&order.reference);
    let body = (run.dialect.body)(order);
    let key = order.idempotency_key.to_string();
    let timed = run.caller.post(&format!("/{place}"), Some(&key), &body).await;
    match timed.answer {
        Ok(_) => run.board.answered(&order.reference),
        Err(_) => run.board.given_up(&order.reference),
    }
    let is_taken = timed.status() == 201;
    run.list.add(&TAKEN, about, if is_taken { Ok(timed.seen()) } else { Err(timed.seen()) });
    match &timed.answer {
        Err(NoAnswer::Lost("timed_out")) => {
            run.list.add(&IN_TIME_TAKEN, about, Err(timed.seen()));
        }
        Err(_) => run.list.leave_out(&[&IN_TIME_TAKEN], about, "there was no whole answer"),
        Ok(_) => run.list.add(&IN_TIME_TAKEN, about, timed.in_time()),
    }
    if !is_taken {
        run.list.leave_out(&AFTERWARDS, about, "the order was not taken");
        return None;
    }
    match read(run, order, &timed) {
        Ok(given) => {
            run.list.add(&AS_ORDERED, about, Ok("as ordered".to_owned()));
            Some(given)
        }
        Err(why) => {
            run.list.add(&AS_ORDERED, about, Err(why.to_owned()));
            run.list.leave_out(&AFTERWARDS[1..], about, "something else was given");
            None
        }
    }
}

/// The value of a good answer; its secrets stand in no report from here on.
fn read(run: &mut Run<'_>, order: &Order, timed: &Timed) -> Result<Given, &'static str> {
    let Ok(answer) = &timed.answer else { return Err("no answer") };
    let (value_id, code, at) = match (run.dialect.accepted)(answer, order)? {
        Accepted::Voucher(NewVoucher { voucher_id, code, pin, barcode, issued_at, .. }) => {
            [Some(&code), pin.as_ref(), barcode.as_ref()]
                .into_iter()
                .flatten()
                .for_each(|secret| run.list.hide(secret));
            (voucher_id, Some(code), issued_at)
        }
        Accepted::Credit(NewCredit { credit_id, applied_at, .. }) => (credit_id, None, applied_at),
    };
    Ok(Given { order: order.clone(), value_id, code, at, voided: None })
}

/// The first order again, and another one under its key.
async fn repeated(run: &mut Run<'_>, given: &Given, place: &str) {
    let (path, about) = (format!("/{place}"), Some(given.order.product.as_str()));
    let key = given.order.idempotency_key.to_string();
    let timed = run.caller.post(&path, Some(&key), &(run.dialect.body)(&given.order)).await;
    let seen = same(run, given, &timed);
    run.list.add(&AGAIN, about, seen);
    let other = Order { amount: twice(given.order.amount), ..given.order.clone() };
    let timed = run.caller.post(&path, Some(&key), &(run.dialect.body)(&other)).await;
    run.list.add(&OTHER_BODY, about, timed.is_refusal(409, "idempotency_key_reused"));
}

fn twice(amount: Amount) -> Amount {
    amount.plus(amount).unwrap_or(amount)
}

/// Whether a 200 holds this very value.
fn same(run: &mut Run<'_>, given: &Given, timed: &Timed) -> Result<String, String> {
    if timed.status() != 200 {
        return Err(timed.seen());
    }
    match read(run, &given.order, timed) {
        Err(why) => Err(format!("200, {why}")),
        Ok(again) if again.value_id != given.value_id => Err("200, another id".to_owned()),
        Ok(again) if clear(again.code.as_ref()) != clear(given.code.as_ref()) => {
            Err("200, another code".to_owned())
        }
        Ok(_) => Ok("200, the same value".to_owned()),
    }
}

fn clear(code: Option<&SecretString>) -> Option<&str> {
    code.map(ExposeSecret::expose_secret)
}

async fn found(run: &mut Run<'_>, given: &Given, place: &str) {
    let about = Some(given.order.product.as_str());
    let path = format!("/{place}/by-reference/{}", given.order.reference);
    let timed = run.caller.get(&path).await;
    let seen = same(run, given, &timed);
    run.list.add(&FOUND, about, seen);
    let path = format!("/{place}/by-reference/{}", crate::conformance::run::reference());
    let timed = run.caller.get(&path).await;
    run.list.add(&NOT_FOUND, about, timed.is_refusal(404, "not_found"));
}

/// The second order, twice at once, and what each of the two was given.
async fn at_once(run: &mut Run<'_>, order: Order, place: &str) -> Vec<Given> {
    let (path, key) = (format!("/{place}"), order.idempotency_key.to_string());
    let body = (run.dialect.body)(&order);
    let token = run.caller.held().cloned();
    let whom = token.as_ref().map_or(As::Nobody, As::Holder);
    run.board.asked(&order.reference);
    let call = || {
        let what = (Some(key.as_str()), Some(body.as_slice()));
        run.caller.call_as(whom, reqwest::Method::POST, &path, what)
    };
    let (one, other) = futures::future::join(call(), call()).await;
    match (&one.answer, &other.answer) {
        (Err(_), Err(_)) => run.board.given_up(&order.reference),
        _ => run.board.answered(&order.reference),
    }
    let mut values: Vec<Given> = Vec::new();
    let mut odd = None;
    for timed in [&one, &other] {
        match timed.status() {
            200 | 201 => match read(run, &order, timed) {
                Ok(given) => values.push(given),
                Err(why) => odd = Some(format!("{}, {why}", timed.status())),
            },
            409 if timed.code().as_deref() == Some("in_progress") => {}
            _ => odd = Some(timed.seen()),
        }
    }
    let is_one = values.windows(2).all(|pair| {
        let codes = pair.iter().map(|value| clear(value.code.as_ref()));
        pair[0].value_id == pair[1].value_id && codes.collect::<HashSet<_>>().len() == 1
    });
    let seen = match odd {
        Some(odd) => Err(odd),
        None if values.is_empty() => Err("409 in_progress, for both".to_owned()),
        None if !is_one => Err("two values".to_owned()),
        None => Ok(format!("{} and {}: one value", one.seen(), other.seen())),
    };
    run.list.add(&AT_ONCE, Some(&order.product), seen);
    values
}

/// What two orders' values have in common that they must not.
fn alike(one: &Given, other: &Given) -> Option<&'static str> {
    if one.value_id == other.value_id {
        return Some("the same id for both");
    }
    let is_same = one.code.is_some() && clear(one.code.as_ref()) == clear(other.code.as_ref());
    is_same.then_some("the same code for both")
}

async fn balance(run: &mut Run<'_>, given: &Given, place: &str) {
    if !run.dialect.has_path(&format!("/{place}/{{id}}/balance")) {
        return;
    }
    let timed = run.caller.get(&format!("/{place}/{}/balance", given.value_id)).await;
    let seen = match timed.body::<Balance>() {
        Some(balance) if timed.status() == 200 => {
            let is_whole = balance.remaining == given.order.amount
                && balance.currency == given.order.currency;
            if is_whole { Ok("200, as ordered".to_owned()) } else { Err("200, other".to_owned()) }
        }
        _ => Err(timed.seen()),
    };
    run.list.add(&BALANCE, Some(&given.order.product), seen);
}

#[derive(Deserialize)]
struct Voided {
    voided: Amount,
    state: String,
}

/// Takes back what can be, so that nothing spendable stays behind.
pub async fn are_taken_back(run: &mut Run<'_>) {
    let mut given = std::mem::take(&mut run.given);
    for value in &mut given {
        let product = run.entry.products().iter().find(|known| known.id == value.order.product);
        let place = product.map_or("", |product| run.place(product));
        if !run.dialect.has_path(&format!("/{place}/{{id}}/void")) {
            continue;
        }
        let seen = void(run, value, place).await;
        run.list.add(&VOID, Some(&value.order.product), seen);
    }
    run.given = given;
}

async fn void(run: &mut Run<'_>, value: &mut Given, place: &str) -> Result<String, String> {
    for _ in 0..2 {
        let path = format!("/{place}/{}/void", value.value_id);
        let timed = run.caller.post(&path, None, b"").await;
        let voided = timed.body::<Voided>().filter(|_| timed.status() == 200);
        let voided = voided.filter(|voided| voided.state == "voided").ok_or(timed.seen())?;
        if voided.voided != value.order.amount {
            return Err("200, another amount".to_owned());
        }
        value.voided = Some(voided.voided);
    }
    let timed = run.caller.get(&format!("/{place}/{}/balance", value.value_id)).await;
    match timed.body::<Balance>() {
        Some(balance) if balance.remaining.is_zero() => Ok("taken back once".to_owned()),
        Some(_) => Err("something is left afterwards".to_owned()),
        None => Err(format!("the balance afterwards: {}", timed.seen())),
    }
}
