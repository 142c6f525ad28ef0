//! Does the whole system keep its promises, seen from outside? One program, a module per subject.

#![allow(clippy::unwrap_used, dead_code, reason = "a test that cannot go on fails")]

mod certify;
mod demo;
mod edge;
mod journeys;
mod linking;
mod main_job;
mod many_at_once;
mod partners;
mod rebuild;
mod rewards;
mod secrets;
mod support;
mod team;
mod two_servers;
mod unknown_outcome;
mod webhooks;
