//! Does every partner of the catalogue keep the same contract? One suite for all of them.
//!
//! - [`outcomes`]: every class of answer, for every product; also answers to look-ups and checks
//! - [`published`]: what is published is what is sent and read
//! - [`partner`]: a partner at a real socket that answers what it is told to

mod outcomes;
mod partner;
mod published;
