//! Sockets beside the routes of an axum application. It prints where it listens, and ends on Ctrl-C.
//!
//! ```text
//! cargo run -p siospec-server --example axum
//! ```

use std::{error::Error, io};

use axum::{Router, routing::get};
use siospec_server::{Attached, Config};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let sockets = Attached::new(Config::default());
    tokio::select! {
        served = serve(listener, &sockets) => served?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    sockets.shutdown().await;
    Ok(())
}

/// Serves an application that knows nothing of the sockets.
pub(crate) async fn serve(listener: TcpListener, sockets: &Attached) -> io::Result<()> {
    let application = Router::new().route("/", get(async || "an ordinary page"));
    axum::serve(listener, application.layer(sockets.layer())).await
}
