//! How does finance get reports and close a month from a terminal?

pub mod period;
pub mod report;
