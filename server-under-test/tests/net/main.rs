//! The server on real sockets of this machine. Tests wait for events, never for time.

mod client;

mod abuse;
mod app;
mod attach;
mod cluster;
mod deflate;
mod faults;
mod http;
mod pages;
mod server_side;
mod shutdown;
mod upgrade;
mod version_three;
mod websocket;
