//! Which protocols are spoken? A folder each: their calls, their JSON, their published document.

pub mod retail;
mod speak;

pub use speak::speak;
