//! Published vulnerabilities that can be seen from outside: does this server still have them?
//!
//! A server that does not survive a case is started again, and the death is charged to the case.

pub mod names;
pub mod survival;
