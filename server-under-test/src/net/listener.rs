//! A server on a TCP port.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};

use super::{
    driver::{Driver, Owner},
    request,
};
use crate::{
    app::{engine_echo::EngineEcho, testee::Testee},
    config::Config,
    fault::Fault,
    io::{App, Io},
};

/// How long connections may take to finish when the server stops.
const GRACE: Duration = Duration::from_millis(1500);
/// Pause after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const READ_BUFFER_BYTES: usize = 64 << 10;

/// A running server.
///
/// It stops when it is shut down, or dropped.
pub struct Server {
    address: SocketAddr,
    driver: Owner,
}

impl Server {
    /// Starts a server on this address; port 0 takes any free port. Must be called on a tokio runtime, which then runs
    /// the server.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on.
    pub async fn bind(config: Config, address: impl ToSocketAddrs) -> io::Result<Self> {
        let (config, listener) = open(config, address).await?;
        Self::listen(Driver::new(config, Arc::new(Testee)), listener)
    }

    /// As [`Server::bind`], but it runs this application instead of that of the testee contract.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on.
    pub async fn serve(app: App, config: Config, address: impl ToSocketAddrs) -> io::Result<(Self, Io)> {
        let (config, listener) = open(config, address).await?;
        let (driver, io) = Driver::with_app(config, app);
        Ok((Self::listen(driver, listener)?, io))
    }

    /// As [`Server::bind`], but without Socket.IO: every message of Engine.IO goes back as it came.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on.
    pub async fn bind_engine_echo(config: Config, address: impl ToSocketAddrs) -> io::Result<Self> {
        let (config, listener) = open(config, address).await?;
        Self::listen(Driver::new(config, Arc::new(EngineEcho)), listener)
    }

    fn listen(driver: Arc<Driver>, listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        driver.tasks.spawn(accept(driver.clone(), listener));
        tracing::debug!(%address, "listening");
        Ok(Self { address, driver: Owner(driver) })
    }

    /// Where the server listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Whether it has stopped by itself, as some faults make it do.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.driver.0.config.fate.is_sealed()
    }

    /// Stops: no connection is accepted any more, every session is closed, and every task has ended when this returns.
    /// Connections get a moment to be told.
    pub async fn shutdown(self) {
        self.driver.0.finish(GRACE).await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Listens; a node without a name is named by the port.
async fn open(mut config: Config, address: impl ToSocketAddrs) -> io::Result<(Config, TcpListener)> {
    let listener = TcpListener::bind(address).await?;
    let port = listener.local_addr()?.port();
    config.node.get_or_insert_with(|| format!("node-{port}"));
    Ok((config, listener))
}

async fn accept(driver: Arc<Driver>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = driver.stop.cancelled() => return,
            () = driver.config.fate.sealed() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                driver.tasks.spawn(serve(driver.clone(), stream));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(driver: Arc<Driver>, stream: TcpStream) {
    // Without this option only latency suffers.
    let _ = stream.set_nodelay(true);
    let (stop, kill) = (driver.stop.clone(), driver.kill.clone());
    let config = driver.config.clone();
    let service = service_fn(move |request| request::serve(driver.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.head_timeout)
        .max_header_size(config.max_head_bytes)
        .max_buf_size(READ_BUFFER_BYTES)
        // Responses are short: copying them into one piece is cheaper than handing over two.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    // How a connection ends is told by the requests on it.
    tokio::select! {
        ended = connection.as_mut() => {
            if ended.is_err_and(|error| error.is_parse_too_large()) {
                config.dies_of(Fault::ManyHeadersKill);
            }
            return;
        }
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        () = kill.cancelled() => {}
    }
}
