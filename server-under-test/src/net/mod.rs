//! The driver: the only part that does IO and reads the clock. It decides nothing.

mod attach;
mod compression;
mod deflate;
mod driver;
mod frames;
mod link;
mod listener;
mod metrics;
mod outlet;
mod polling;
mod request;
mod response;
mod tamper;
mod timers;
mod websocket;
mod wire;

pub use attach::{Attached, Layer, Layered, ReplyBody, Service};
pub(crate) use driver::Driver;
pub use listener::Server;
