//! How the world reaches Anchor.

pub mod access;
pub mod clock;
pub mod config;
pub mod database;
pub mod http;
pub mod inbox;
pub mod ledger;
pub mod partners;
pub mod postgres;
pub mod processes;
pub mod sandbox;
pub mod telemetry;
pub mod vault;
