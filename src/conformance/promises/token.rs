//! Is a token given to us, to nobody else, and for as long as it says?
//!
//! Rows: P7, P8, D2.

use reqwest::Method;

use crate::conformance::caller::{As, Granted};
use crate::conformance::check::Promise;
use crate::conformance::run::Run;

/// A token is fetched again a minute before it ends; a shorter one would be for every call.
const SHORTEST_LIFE_SECONDS: i64 = 60;

pub const GIVEN: Promise = Promise {
    id: "token_given",
    title: "Our client id and secret get a token",
    expected: "200 with access_token, token_type Bearer and expires_in of more than 60, in time",
};
pub const WRONG_SECRET: Promise = Promise {
    id: "token_not_for_a_wrong_secret",
    title: "A wrong client secret gets no token",
    expected: "401",
};
pub const NO_TOKEN: Promise = Promise {
    id: "no_call_without_a_token",
    title: "A call without a token is turned away",
    expected: "401 with the documented error body",
};
pub const MADE_UP: Promise = Promise {
    id: "no_call_with_a_made_up_token",
    title: "A call with a made-up token is turned away",
    expected: "401 with the documented error body",
};
pub const LASTS: Promise = Promise {
    id: "token_lasts",
    title: "A token that was given is taken until it ends",
    expected: "the first token is taken by every call of the run",
};

/// Gets the token of the run; false when there is none.
pub async fn get(run: &mut Run<'_>) -> bool {
    let timed = run.caller.ask_for_token(None).await;
    let granted = timed.body::<Granted>().filter(|_| timed.status() == 200);
    let seen = match &granted {
        None => Err(timed.seen()),
        Some(granted) if !granted.token_type.eq_ignore_ascii_case("bearer") => {
            Err("another token_type".to_owned())
        }
        Some(granted) if granted.expires_in <= SHORTEST_LIFE_SECONDS => {
            Err(format!("expires_in {}", granted.expires_in))
        }
        Some(_) if timed.in_time().is_err() => timed.in_time(),
        Some(granted) => Ok(format!("200, expires_in {}", granted.expires_in)),
    };
    let is_given = granted.is_some();
    if let Some(Granted { access_token, .. }) = granted {
        run.list.hide(&access_token);
        run.caller.hold(access_token);
    }
    run.list.add(&GIVEN, None, seen);
    let timed = run.caller.ask_for_token(Some("not-the-secret-of-this-client")).await;
    let is_refused = timed.status() == 401;
    let seen = if is_refused { Ok(timed.seen()) } else { Err(timed.seen()) };
    run.list.add(&WRONG_SECRET, None, seen);
    is_given
}

/// Whether calls without a right token do nothing.
pub async fn turns_strangers_away(run: &mut Run<'_>) {
    let path = run.nobodys_reference();
    for (promise, whom) in [(&NO_TOKEN, As::Nobody), (&MADE_UP, As::Stranger)] {
        let timed = run.caller.call_as(whom, Method::GET, &path, (None, None)).await;
        let is_refused = timed.status() == 401 && timed.code().is_some();
        run.list.add(promise, None, if is_refused { Ok(timed.seen()) } else { Err(timed.seen()) });
    }
}

/// Whether the run's token was taken all along, and still is.
pub async fn lasted(run: &mut Run<'_>) {
    let path = run.nobodys_reference();
    let timed = run.caller.get(&path).await;
    let seen = match run.caller.tokens_refused {
        0 if timed.status() == 404 => Ok("taken to the end".to_owned()),
        0 => Err(format!("at the end: {}", timed.seen())),
        times => Err(format!("a token that had been given was refused, {times} time(s)")),
    };
    run.list.add(&LASTS, None, seen);
}
