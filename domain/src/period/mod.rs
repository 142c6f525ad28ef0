//! A business month: open, then closed for good.
//!
//! Closing seals a digest of its figures and the position of the log that they rest on. What comes
//! later and belongs there is a posting of an open month that says where it belongs; the closed one
//! is printed again byte for byte.
//!
//! - [`Span`]: the days that a report is about, from `2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4`
//! - [`Period`]: the aggregate; its stream's id is the month, such as `2026-11`
//!
//! Rows: A3, A6.

mod aggregate;
mod span;
#[cfg(test)]
mod tests;

pub use aggregate::{
    BUSINESS_ZONE, Period, PeriodClosed, PeriodCommand, PeriodError, PeriodEvent,
};
pub use span::{NotASpan, Span, SpanKind};
