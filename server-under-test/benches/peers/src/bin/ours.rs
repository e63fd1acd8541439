//! Our server on one thread, as `siospec serve` runs it, with the heartbeat of an ordinary server.

use std::{error::Error, net::Ipv4Addr};

use siospec_server::{Config, Server};

/// How many tasks run before the runtime looks for events again: all that the last look has found.
const EVENT_INTERVAL: u32 = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().event_interval(EVENT_INTERVAL).enable_all().build()?;
    runtime.block_on(async {
        let _server = Server::bind(Config::default(), (Ipv4Addr::LOCALHOST, port)).await?;
        std::future::pending().await
    })
}
