//! The reference server as a testee: settings from the environment, until Ctrl-C or a signal ends it.
//!
//! `SIO_FAULT` names the way in which it is to be wrong.

use std::error::Error;

use siospec_server::{Config, Fault, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned()).parse()?;
    let mut config = Config::from_env()?;
    if let Ok(name) = std::env::var("SIO_FAULT") {
        config.fault = Some(Fault::from_name(&name).ok_or("no such fault")?);
    }
    let server = Server::bind(config, ("127.0.0.1", port)).await?;
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
