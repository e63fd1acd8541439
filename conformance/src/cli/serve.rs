//! `siospec serve`: the reference server.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use super::{Exit, Failure};
use crate::target;

/// Run the reference server; with a fault it is a known-bad one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The environment variables of the testee contract (SIO_PING_INTERVAL, …) configure it.

Examples:
  siospec serve
  siospec serve --listen 127.0.0.1:0
  siospec serve --fault list
  siospec serve --fault room-filter-ignored")]
pub struct Args {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Be wrong in this way; `list` prints every way
    #[arg(long, value_name = "NAME")]
    pub fault: Option<String>,
}

/// Serves until interrupted or told to end.
///
/// # Errors
/// The address cannot be listened on, or the fault or the environment makes no sense.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    if args.fault.as_deref() == Some("list") {
        let mut out = io::stdout().lock();
        let width = target::faults().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, text) in target::faults() {
            writeln!(out, "{name:width$}  {text}")?;
        }
        return Ok(Exit::Fine);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::OwnFault, format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let told = |address: SocketAddr| {
            // Whoever waits for this line knows the port. A closed standard output is no reason not to serve.
            let _closed = writeln!(io::stdout(), "listening on http://{address}");
        };
        target::serve(args.listen, args.fault.as_deref(), told, stopped()).await
    })?;
    Ok(Exit::Fine)
}

/// Waits for Ctrl-C or SIGTERM.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ended = tokio::signal::ctrl_c().await;
}
