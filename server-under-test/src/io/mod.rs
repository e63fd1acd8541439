//! Applications: namespaces with handlers, and the operators of the Socket.IO API.
//!
//! ```
//! use std::time::Duration;
//!
//! use siospec_server::{
//!     Config, Server,
//!     io::{Ack, App, Auth, Data, Namespace, Refused, Socket},
//! };
//!
//! async fn joins(socket: Socket, Data(room): Data<String>, ack: Ack) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!     socket.join([&room]);
//!     socket.to(room).emit("joined", socket.id())?;
//!     ack.send(&true)?;
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let chat = Namespace::new("/chat")
//!     .admit(async |Auth(token): Auth<String>| match token.as_str() {
//!         "open sesame" => Ok(()),
//!         _ => Err(Refused::new("not authorized")),
//!     })
//!     .connect(async |socket: Socket| socket.emit("welcome", ("hello", socket.id())))
//!     .on("join", joins);
//! let (server, io) = Server::serve(App::new().namespace(chat), Config::default(), "127.0.0.1:0").await?;
//! io.of("/chat").timeout(Duration::from_secs(1)).ask("ready?", ()).await.ok();
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Handlers of one socket begin in the order in which its events arrived; one that waits does not hold up the next.

mod app;
mod extract;
mod handler;
mod handlers;
mod inbox;
mod operator;
mod server_side;
mod socket;
mod write;

pub use app::{App, Namespace};
pub use extract::{
    Ack, Args, Auth, Data, EventName, FromMessage, Message, Query, Reason, Rejection, Rooms, State,
};
pub use handler::{Admit, Before, Failure, Handler, IntoOutcome, Refused};
pub use operator::{Answer, Answers, AskError, NodesMissing, Operator, RemoteSocket};
pub use server_side::ServerSideError;
pub use socket::{Io, Socket};
pub use write::WriteError;

pub(crate) use handlers::Handlers;
