//! What several tests share.

pub(crate) mod decoded;
pub(crate) mod schema;
