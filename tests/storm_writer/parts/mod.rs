//! What a storm's processes share with the test that raises it: the aggregate, the work, the
//! answers.

pub mod burst;
pub mod told;
pub mod work;
