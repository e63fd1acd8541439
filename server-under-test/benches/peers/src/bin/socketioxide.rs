//! The peer: socketioxide on axum, on one thread.

use std::{error::Error, net::Ipv4Addr};

use axum::{Router, serve::ListenerExt as _};
use socketioxide::{
    SocketIo,
    extract::{Data, SocketRef},
};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    // The usual 128 packets that may wait for a client are too few for some of the loads.
    let (layer, io) = SocketIo::builder().max_payload(1_000_000).max_buffer_size(4096).build_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("message", async |socket: SocketRef, Data::<serde_json::Value>(data)| {
            let _ = socket.emit("message-back", &data);
        });
        socket.on("broadcast", async |io: SocketIo, Data::<serde_json::Value>(data)| {
            let _ = io.emit("news", &data).await;
        });
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, Router::new().layer(layer)).await?;
    Ok(())
}
