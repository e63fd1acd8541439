//! `siospec serve`: the reference server.

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
};

use tokio::runtime::Builder;

use super::{Exit, Failure, settings::Settings};
use crate::target;

/// Run the reference server; with a fault it is a known-bad one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The environment variables of the testee contract (SIO_PING_INTERVAL, …) configure it.

Examples:
  siospec serve
  siospec test -- siospec serve
  siospec serve --listen 127.0.0.1:0
  siospec serve --listen 127.0.0.1:3001 --listen 127.0.0.1:3002      two nodes that are one server
  siospec serve --app chat --listen 127.0.0.1:3000
  siospec serve --fault list
  siospec serve --client-files node_modules/socket.io-client/dist --metrics /metrics
  siospec serve --fault room-filter-ignored")]
pub struct Args {
    /// The address to listen on; port 0 takes a free one. Each further one is one more node of the same cluster
    /// [default: 127.0.0.1:$PORT, or port 3000]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<SocketAddr>,
    /// What it runs
    #[arg(long, value_enum, default_value_t = target::App::Testee)]
    pub app: target::App,
    /// Be wrong in this way; `list` prints every way
    #[arg(long, value_name = "NAME")]
    pub fault: Option<String>,
    /// How many threads serve; one alone spends the least on each message
    #[arg(long, value_name = "NUMBER", default_value_t = NonZeroUsize::MIN)]
    pub threads: NonZeroUsize,
    #[command(flatten)]
    settings: Settings,
}

/// How many tasks run on the only thread before it looks for events again: all that the last look has found, so that
/// more than one message has arrived for each by then.
const EVENT_INTERVAL: u32 = 1024;

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
    let mut listen = args.listen.clone();
    if listen.is_empty() {
        listen.push(SocketAddr::from((Ipv4Addr::LOCALHOST, port(env::var_os("PORT"))?)));
    }
    let runtime = match args.threads.get() {
        1 => Builder::new_current_thread().event_interval(EVENT_INTERVAL).enable_all().build(),
        threads => Builder::new_multi_thread().worker_threads(threads).enable_all().build(),
    };
    let runtime = runtime.map_err(|error| Failure::new(Exit::OwnFault, format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let told = |address: SocketAddr| {
            // Whoever waits for this line knows the port. A closed standard output is no reason not to serve.
            let _closed = writeln!(io::stdout(), "listening on http://{address}");
        };
        let variable = |name: &str| args.settings.variable(name).or_else(|| env::var(name).ok());
        target::serve(&listen, variable, args.app, args.fault.as_deref(), told, stopped()).await
    })?;
    Ok(Exit::Fine)
}

/// The port, unless the command line says otherwise: that of the testee contract's variable.
fn port(variable: Option<OsString>) -> Result<u16, Failure> {
    let Some(value) = variable else { return Ok(3000) };
    let port = value.to_str().and_then(|value| value.parse().ok());
    port.ok_or_else(|| Failure::usage(format!("the environment variable PORT is not a port: {value:?}")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_comes_from_the_environment() {
        assert_eq!(port(None), Ok(3000));
        assert_eq!(port(Some("4711".into())), Ok(4711));
        for wrong in ["", "http", "65536", "-1"] {
            assert_eq!(port(Some(wrong.into())).unwrap_err().exit, Exit::Usage, "{wrong}");
        }
    }
}
