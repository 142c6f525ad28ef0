//! Can a member link an account by agreeing at the partner, and nobody else for them?
//!
//! - [`browser`]: the way there and back, as a browser goes it
//! - [`at_the_sandbox`]: the whole life of a link, at every partner that offers it
//! - [`foreign`]: the same at an authorization server that was written by others
//! - [`provider`]: that server, started and stopped

mod at_the_sandbox;
mod browser;
mod foreign;
mod provider;
