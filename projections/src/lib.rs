//! What can be asked of Anchor. Reads the log, writes and queries read models.

pub mod projection;

pub use projection::{Poison, Projection, ProjectionError, Recorded, RecordedContext};
