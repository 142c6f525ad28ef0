//! What do support workers and operators see when something is wrong?

pub mod alerts;
mod doctor;
