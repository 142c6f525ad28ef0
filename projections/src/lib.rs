//! What can be asked of Anchor. Reads the log, writes and queries read models.

pub mod checkpoint;
pub mod event_log;
pub mod projection;
pub mod runner;

pub use projection::{Poison, Projection, ProjectionError, Recorded, RecordedContext};
