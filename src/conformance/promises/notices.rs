//! Are we told of what happens: by webhooks that are theirs, fresh, in order, and once?
//!
//! Rows: P7, W1, W2, W3.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::conformance::check::Promise;
use crate::conformance::listener::{Came, Read};
use crate::conformance::run::Run;
use crate::partners::signature::SignatureError;

/// Each value that was ordered is told of.
pub const TOLD: Promise = Promise {
    id: "webhook_told",
    title: "Each value that was ordered is told of by a webhook",
    expected: "a webhook with the reference of each order",
};
/// Each webhook is signed by them.
pub const SIGNED: Promise = Promise {
    id: "webhook_signed",
    title: "Each webhook is signed with the secret that was agreed",
    expected: "the headers of the agreed scheme, right over the raw body",
};
const FRESH: Promise = Promise {
    id: "webhook_fresh",
    title: "Each webhook carries the time at which it is sent",
    expected: "a timestamp within 300 s of now, where the scheme has one",
};
const READABLE: Promise = Promise {
    id: "webhook_readable",
    title: "Each webhook holds the documented fields",
    expected: "a documented type with its fields, and no others",
};
const ONCE: Promise = Promise {
    id: "webhook_once",
    title: "A webhook that was taken is not sent again",
    expected: "no copy after a 2xx",
};
const IN_ORDER: Promise = Promise {
    id: "webhook_order",
    title: "Webhooks come in the order in which things happened",
    expected: "timestamps of the bodies that never go back",
};
const AFTERWARDS: Promise = Promise {
    id: "webhook_after_answer",
    title: "An order is answered before a webhook speaks of it",
    expected: "the answer to the order, then its webhook",
};
const OF_EACH: [&Promise; 6] = [&SIGNED, &FRESH, &READABLE, &ONCE, &IN_ORDER, &AFTERWARDS];
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// How long it is listened after everything was told: for copies.
const SETTLES: Duration = Duration::from_millis(700);

/// Waits for webhooks so long, and judges those that came.
pub async fn came(run: &mut Run<'_>, waits: Option<Duration>) {
    let Some(waits) = waits else {
        let why = "give an address at which the partner's webhooks come in, with --listen";
        run.list.leave_out(&[&TOLD], None, why);
        return run.list.leave_out(&OF_EACH, None, why);
    };
    let ordered: BTreeSet<String> =
        run.given.iter().map(|given| given.order.reference.clone()).collect();
    let begun = Instant::now();
    while begun.elapsed() < waits && !ordered.is_subset(&told(&run.board.came())) {
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    tokio::time::sleep(SETTLES).await;
    let came = run.board.came();
    let (all, told) = (ordered.len(), ordered.intersection(&told(&came)).count());
    let seen = format!("{told} of {all} orders, after {} ms", begun.elapsed().as_millis());
    match all {
        0 => run.list.leave_out(&[&TOLD], None, "nothing was ordered"),
        _ => run.list.add(&TOLD, None, if told == all { Ok(seen) } else { Err(seen) }),
    }
    if came.is_empty() {
        return run.list.leave_out(&OF_EACH, None, "no webhook came");
    }
    let judged = [
        none(
            &came,
            |one| matches!(one.read, Read::NotTheirs(why) if why != SignatureError::Stale),
        ),
        none(&came, |one| one.read == Read::NotTheirs(SignatureError::Stale)),
        none(&came, |one| matches!(one.read, Read::Odd)),
        none(&came, |one| one.is_copy),
        in_order(&came),
        none(&came, |one| one.is_early),
    ];
    for (promise, seen) in OF_EACH.into_iter().zip(judged) {
        run.list.add(promise, None, seen);
    }
}

/// The references that readable webhooks speak of.
fn told(came: &[Came]) -> BTreeSet<String> {
    came.iter().filter_map(|one| one.reference.clone()).collect()
}

/// Good when none of them is like that.
fn none(came: &[Came], is_bad: impl Fn(&Came) -> bool) -> Result<String, String> {
    let bad: Vec<&Came> = came.iter().filter(|one| is_bad(one)).collect();
    let seen = format!("{} of {} webhooks", bad.len(), came.len());
    match bad.first().map(|one| one.read) {
        None => Ok(format!("{} webhooks", came.len())),
        Some(Read::NotTheirs(why)) => Err(format!("not so: {seen}, {}", why.as_str())),
        Some(Read::Odd | Read::Well) => Err(format!("not so: {seen}")),
    }
}

/// One that was refused at first comes later through our doing, and is not counted.
fn in_order(came: &[Came]) -> Result<String, String> {
    let is_refused = |one: &&Came| matches!(one.read, Read::NotTheirs(_));
    let refused: BTreeSet<&str> =
        came.iter().filter(is_refused).filter_map(|one| one.id.as_deref()).collect();
    let counted = came
        .iter()
        .filter(|one| !one.is_copy && one.id.as_deref().is_some_and(|id| !refused.contains(id)));
    let times: Vec<_> = counted.filter_map(|one| one.happened_at).collect();
    let overtaken = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let seen = format!("{overtaken} of {} webhooks came after a later one", times.len());
    if overtaken == 0 { Ok(seen) } else { Err(seen) }
}
