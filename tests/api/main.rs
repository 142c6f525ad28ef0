//! Does the whole system keep its promises, seen from outside? One program, a module per subject.

#![allow(clippy::unwrap_used, dead_code, reason = "a test that cannot go on fails")]

mod bank;
mod books;
mod certify;
mod closing;
mod demo;
mod edge;
mod journeys;
mod keys;
mod linking;
mod main_job;
mod many_at_once;
mod messages;
mod partners;
mod rebuild;
mod rewards;
mod secrets;
mod staff;
mod support;
mod team;
mod two_servers;
mod unknown_outcome;
mod webhooks;
