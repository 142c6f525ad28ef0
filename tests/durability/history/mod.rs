//! Is history told whole, and told again the same? Replays that are cut, killed or robbed, rebuilds
//! beside running reads, comparisons that find what was changed.

pub mod anchor_program;
mod cut_after;
mod lives;
mod rebuild;
mod replay;
mod set_aside;
