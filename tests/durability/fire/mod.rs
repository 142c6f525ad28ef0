//! Does value move once, and is nobody left waiting, while partners, processes and machines fail?
//!
//! Real servers and the sandbox over real HTTP; what was answered is written down and held against
//! the log, and the log against the partners' own book.
//!
//! - [`faulty`]: five hundred orders, every one of which goes wrong somehow
//! - [`failover`]: the database's server is lost, and its standby takes its place
//! - [`killed`]: processes and the database's server are killed, again and again
//! - [`full_disk`]: there is no more room
//! - [`paused`], [`between`]: a worker stands still in the middle of an order, and wakes
//! - [`house`], [`load`]: what stands, and what is asked for meanwhile
//! - [`books`]: the log against the partners' book
//! - [`dice`]: chance that can be had once more
//!
//! Rows: D1, D3, D4, D6, R2.

mod between;
mod books;
mod dice;
mod failover;
mod faulty;
mod full_disk;
mod house;
mod killed;
mod load;
mod paused;
