//! The reference server inside this binary: the only file of the judge that knows it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use siospec_server::{Bundle, Cluster, Config, Fault, Parser, Server, chat};

use super::{Configuration, TargetError};
use crate::scenario::Variant;

/// A reference server that runs.
#[derive(Debug)]
pub(super) struct Embedded {
    server: Server,
    address: SocketAddr,
}

/// The names of all faults of the reference server, and what each does wrong.
pub fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    Fault::ALL.iter().map(|fault| (fault.name(), fault.describe()))
}

/// What the reference server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum App {
    /// The application of the testee contract
    Testee,
    /// A chat for browsers, at the path /
    Chat,
    /// No Socket.IO: messages of Engine.IO go back as they came
    EngineEcho,
}

/// Where `scripts/setup.sh` puts the files of the client.
const CLIENT_FILES: &str = "fixtures/clients/socket.io-client/node_modules/socket.io-client/dist";

/// The scripts of the client, and what is served in their place where there is no client: what a server must do with
/// them can be judged without any.
const SCRIPTS: [&str; 4] =
    ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"];
const STAND_IN: &str = include_str!("stand_in.js");

/// How long a chat waits for clients that lost their connection.
const CHAT_RECOVERY: Duration = Duration::from_secs(120);

/// Serves the reference server, configured by the variables of the testee contract, until `stop` ends.
///
/// Several addresses are several nodes of one cluster. `ready` is told each address that is listened on.
///
/// # Errors
/// A variable or the fault makes no sense, or an address cannot be listened on.
pub async fn serve(
    addresses: &[SocketAddr],
    variable: impl Fn(&'static str) -> Option<String>,
    app: App,
    fault: Option<&str>,
    ready: impl Fn(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), TargetError> {
    // A testee's heartbeat is a fast one; people's browsers need not answer so soon.
    let calm = |name| match name {
        "SIO_PING_INTERVAL" | "SIO_PING_TIMEOUT" | "SIO_CONNECT_TIMEOUT" if app == App::Chat => {
            variable(name).or_else(|| Some("20000".to_owned()))
        }
        _ => variable(name),
    };
    let mut config = Config::from_variables(calm).map_err(|error| TargetError::Usage(error.to_string()))?;
    config.fault = fault.map(find).transpose()?;
    config.cluster = (addresses.len() > 1).then(Cluster::new);
    if app == App::Testee {
        config.bundle.get_or_insert_with(stand_ins);
    }
    if app == App::Chat {
        config.page = Some(chat::PAGE);
        config.recovery_window.get_or_insert(CHAT_RECOVERY);
        if config.bundle.is_none() {
            config.bundle = Some(Arc::new(Bundle::read(CLIENT_FILES).map_err(no_client)?));
        }
    }
    let mut nodes = Vec::new();
    for address in addresses {
        let server = match app {
            App::Testee => Server::bind(config.clone(), address).await,
            App::EngineEcho => Server::bind_engine_echo(config.clone(), address).await,
            App::Chat => Server::serve(chat::app(), config.clone(), address).await.map(|(server, _)| server),
        };
        // A name is that of one node; the others are named by their ports.
        config.node = None;
        let server =
            server.map_err(|error| TargetError::Usage(format!("cannot listen on {address}: {error}")))?;
        ready(server.local_addr());
        nodes.push(server);
    }
    stop.await;
    for server in nodes {
        server.shutdown().await;
    }
    Ok(())
}

/// Files that stand in for those of the client, and say so.
fn stand_ins() -> Arc<Bundle> {
    let files = SCRIPTS.iter().flat_map(|name| {
        let script = format!("// {name}\n{STAND_IN}");
        let map = format!(r#"{{"version":3,"file":"{name}","sources":[],"names":[],"mappings":""}}"#);
        [((*name).to_owned(), script.into()), (format!("{name}.map"), map.into())]
    });
    Arc::new(Bundle::of(files))
}

fn no_client(error: io::Error) -> TargetError {
    TargetError::Usage(format!(
        "the chat needs the files of the client, and {CLIENT_FILES} cannot be read: {error}; run scripts/setup.sh, or \
         name a folder with --client-files"
    ))
}

fn find(name: &str) -> Result<Fault, TargetError> {
    Fault::from_name(name).ok_or_else(|| {
        TargetError::Usage(format!("no fault is named {name:?}; `siospec serve --fault list` lists them"))
    })
}

impl Embedded {
    pub(super) async fn start(
        variant: Variant,
        path: &str,
        fault: Option<&str>,
    ) -> Result<Self, TargetError> {
        let fault = fault.map(find).transpose()?;
        let configuration = Configuration::of(variant);
        let mut config = Config::default();
        path.clone_into(&mut config.path);
        config.ping_interval = Duration::from_millis(configuration.ping_interval_ms);
        config.ping_timeout = Duration::from_millis(configuration.ping_timeout_ms);
        config.max_payload_bytes = usize::try_from(configuration.max_payload_bytes).unwrap_or(usize::MAX);
        config.connect_timeout = Duration::from_millis(configuration.connect_timeout_ms);
        config.upgrade_timeout = Duration::from_millis(configuration.upgrade_timeout_ms);
        config.recovery_window = configuration.recovery_ms.map(Duration::from_millis);
        if configuration.packed {
            config.parser = Parser::MessagePack;
        }
        config.old_clients = configuration.old_clients;
        config.cors_origin = Some("*".to_owned());
        config.bundle = Some(stand_ins());
        config.fault = fault;
        let server = Server::bind(config, SocketAddr::from(([127, 0, 0, 1], 0))).await.map_err(|error| {
            TargetError::Unreachable(format!("cannot start the reference server: {error}"))
        })?;
        let address = server.local_addr();
        Ok(Self { server, address })
    }

    pub(super) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.server.has_ended()
    }

    pub(super) async fn stop(self) {
        self.server.shutdown().await;
    }
}
