//! Does every partner of the catalogue keep the same contract? One suite for all of them.
//!
//! - [`outcomes`]: every class of answer, for every product; also answers to look-ups and checks
//! - [`published`]: what is published is what is sent and read
//! - [`hostile`]: answers that redirect, drip, never end, or come from somebody else
//! - [`partner`]: a partner at a real socket that answers what it is told to

mod hostile;
mod outcomes;
mod partner;
mod published;
