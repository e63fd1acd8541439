//! Our server on one thread, with the heartbeat of an ordinary server.

use std::{error::Error, net::Ipv4Addr};

use siospec_server::{Config, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let _server = Server::bind(Config::default(), (Ipv4Addr::LOCALHOST, port)).await?;
    std::future::pending().await
}
