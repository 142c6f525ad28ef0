//! x

pub mod access;
pub mod http;
