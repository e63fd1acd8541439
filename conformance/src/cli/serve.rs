//! `siospec serve`: the reference server.

use std::net::SocketAddr;

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
