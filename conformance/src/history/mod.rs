//! The delivery checker: what several clients did and heard, and whether the server delivered as it has to.
//!
//! A [`History`] is what was seen at our end, in the order it was seen: every call before it was sent, every arrival after
//! it was received. So two calls are in order only where the answer to one had come before the other was sent; everything
//! else ran side by side, and either order is right. [`check()`] claims only what has to be: what reached somebody that it
//! cannot have been for, and what did not reach somebody that it must have been for. It knows no network and no clock.

mod address;
mod anomaly;
mod answers;
mod check;
mod deliveries;
mod facts;
mod life;
mod record;
mod sure;

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

pub(crate) use self::check::reached;
pub use self::{
    address::Address,
    anomaly::{Anomaly, Finding},
    check::check,
    record::{Call, CallId, Emission, Entry, History, Record, SocketId, Traits},
};
