//! The driver: the only part that does IO and reads the clock. It decides nothing.

mod driver;
mod link;
mod listener;
mod polling;
mod request;
mod response;
mod tamper;
mod websocket;

pub use listener::Server;
