//! x

pub mod access;
pub mod http;
pub mod telemetry;
