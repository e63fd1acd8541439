//! What is judged: a server that runs, one that is started by a command, or the embedded reference.

#[cfg(feature = "embedded")]
mod embedded;
mod group;
mod process;
mod url;

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    contract::About,
    scenario::{Contract, Variant},
    stage::{Settings, Site},
};

#[cfg(feature = "embedded")]
pub use self::embedded::{App, faults, serve};
pub(crate) use self::process::Process;
pub use self::{group::kill_all, url::parse_url};

/// What is to be judged.
#[derive(Debug, Clone)]
pub enum Target {
    /// The reference server inside this binary, with a fault or without.
    #[cfg(feature = "embedded")]
    Embedded {
        /// Name of a fault of its menu.
        fault: Option<String>,
    },
    /// A server that runs already, at `host:port`.
    Url {
        /// Host and port.
        authority: String,
    },
    /// A command that starts a server on the port in `$PORT`.
    Process {
        /// Program and arguments.
        command: Vec<String>,
        /// Environment of the command, beside ours.
        env: Vec<(String, String)>,
    },
}

/// What the user said about every server of the run.
#[derive(Debug, Clone)]
pub struct Approach {
    /// Request path, with slashes at both ends.
    pub path: String,
    /// Headers added to every request.
    pub headers: Vec<(String, String)>,
    /// Query parameters added to every request.
    pub query: String,
    /// CONNECT payload of clients that need none of their own.
    pub auth: Option<serde_json::Value>,
    /// The contract that is stated; otherwise the server is asked.
    pub contract: Option<Contract>,
    /// Stretches every deadline.
    pub timeout_scale: f64,
}

impl Default for Approach {
    /// The usual path, nothing added, nothing stated.
    fn default() -> Self {
        Self {
            path: "/socket.io/".to_owned(),
            headers: Vec::new(),
            query: String::new(),
            auth: None,
            contract: None,
            timeout_scale: 1.0,
        }
    }
}

/// A server under judgement that runs.
#[derive(Debug)]
pub struct Running {
    /// Where it is and what it offers.
    pub site: Arc<Site>,
    /// What it calls itself.
    pub about: About,
    /// A ping interval and its time-out, as announced.
    pub beat: Duration,
    host: Host,
}

#[derive(Debug)]
enum Host {
    #[cfg(feature = "embedded")]
    Embedded(embedded::Embedded),
    Url,
    Process(Box<Process>),
}

/// Why a server could not be judged at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetError {
    /// The command or the server cannot be used, with the reason and what to do.
    Unreachable(String),
    /// It can be reached, but lacks what was stated of it.
    ContractMissing(String),
    /// What the user wrote makes no sense.
    Usage(String),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetError::Unreachable(why) | TargetError::ContractMissing(why) | TargetError::Usage(why) => {
                f.write_str(why)
            }
        }
    }
}

impl std::error::Error for TargetError {}

impl Target {
    /// Starts the server in the configuration of a variant, or finds the one that runs, and returns once
    /// it answers as an Engine.IO server.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub async fn start(&self, variant: Variant, approach: &Approach) -> Result<Running, TargetError> {
        let mut site = Site::new(String::new());
        site.path.clone_from(&approach.path);
        site.headers.clone_from(&approach.headers);
        site.query.clone_from(&approach.query);
        site.auth.clone_from(&approach.auth);
        let configuration = Configuration::of(variant);
        let host = match self {
            #[cfg(feature = "embedded")]
            Target::Embedded { fault } => {
                let embedded = embedded::Embedded::start(variant, &approach.path, fault.as_deref()).await?;
                site.authority = embedded.authority();
                Host::Embedded(embedded)
            }
            Target::Url { authority } => {
                site.authority.clone_from(authority);
                Host::Url
            }
            Target::Process { command, env } => {
                let within = Duration::from_secs(15).mul_f64(approach.timeout_scale);
                let process = Process::start(command, env, &configuration, &approach.path, within).await?;
                site.authority = process.authority();
                Host::Process(Box::new(process))
            }
        };
        site.packed = configuration.packed && self.has_variants();
        let recovery_wanted = variant == Variant::Recovery || !self.has_variants();
        let (about, beat) = (About::default(), Duration::ZERO);
        let mut running = Running { site: Arc::new(site), about, beat, host };
        match crate::contract::discover(&running.site, approach, recovery_wanted).await {
            Ok(offer) => {
                let packed = offer.packed;
                let mut site = (*running.site).clone();
                site.contract = offer.contract;
                site.features = offer.features;
                site.packed = packed;
                // A server may ignore what it is told: then its time-outs are its own.
                let obeys = offer.max_payload_bytes == Some(configuration.max_payload_bytes);
                site.settings = (self.has_variants() && obeys).then(|| configuration.settings());
                running.site = Arc::new(site);
                running.about = offer.about;
                running.beat = offer.beat;
                Ok(running)
            }
            Err(error) => {
                let error = running.explain(error);
                running.stop().await;
                Err(error)
            }
        }
    }

    /// Whether the runner configures the server, so that each variant is a server of its own.
    pub fn has_variants(&self) -> bool {
        !matches!(self, Target::Url { .. })
    }
}

impl Running {
    /// How the server ended, if it did.
    pub fn ended(&mut self) -> Option<String> {
        match &mut self.host {
            Host::Process(process) => process.ended(),
            _ => None,
        }
    }

    /// Whether the server that we started has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        match &mut self.host {
            #[cfg(feature = "embedded")]
            Host::Embedded(embedded) => embedded.has_ended(),
            Host::Url => false,
            Host::Process(process) => process.ended().is_some(),
        }
    }

    /// Ends a server that we started, and waits until it is gone.
    pub async fn stop(self) {
        match self.host {
            #[cfg(feature = "embedded")]
            Host::Embedded(embedded) => embedded.stop().await,
            Host::Url => {}
            Host::Process(process) => process.stop().await,
        }
    }

    /// Adds how the server ended, and what it printed, to an error.
    fn explain(&mut self, error: TargetError) -> TargetError {
        match (&mut self.host, error) {
            (Host::Process(process), TargetError::Unreachable(why)) => {
                TargetError::Unreachable(match process.ended() {
                    Some(end) => format!("{why}; {end}"),
                    None => format!("{why}{}", process.last_words()),
                })
            }
            (_, error) => error,
        }
    }
}

/// The configuration of a server that we start; see the testee contract for the variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configuration {
    /// Time between pings, ms.
    pub ping_interval_ms: u64,
    /// Time to answer a ping, ms.
    pub ping_timeout_ms: u64,
    /// Largest payload, bytes.
    pub max_payload_bytes: u64,
    /// Time to join a first namespace, ms.
    pub connect_timeout_ms: u64,
    /// Time to finish an upgrade, ms.
    pub upgrade_timeout_ms: u64,
    /// Time for which a lost session can come back, ms; nothing where it cannot.
    pub recovery_ms: Option<u64>,
    /// Packets are MessagePack.
    pub packed: bool,
    /// Clients of version 3 of Engine.IO are served too.
    pub old_clients: bool,
}

impl Configuration {
    /// The configuration of a variant.
    pub fn of(variant: Variant) -> Self {
        let usual = Self {
            ping_interval_ms: 300,
            // A busy machine may answer late; only rules about time-outs want a short one.
            ping_timeout_ms: 4000,
            max_payload_bytes: 1_000_000,
            connect_timeout_ms: 20_000,
            upgrade_timeout_ms: 20_000,
            recovery_ms: None,
            packed: false,
            old_clients: false,
        };
        match variant {
            Variant::Default => usual,
            Variant::Limits => Self {
                ping_timeout_ms: 500,
                max_payload_bytes: 10_000,
                connect_timeout_ms: 1000,
                upgrade_timeout_ms: 1000,
                ..usual
            },
            Variant::Calm => Self { ping_interval_ms: 25_000, ping_timeout_ms: 20_000, ..usual },
            Variant::Old => Self { old_clients: true, ..usual },
            Variant::Msgpack => Self { packed: true, ..usual },
            Variant::Recovery => Self { recovery_ms: Some(2000), ..usual },
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            upgrade_timeout: Duration::from_millis(self.upgrade_timeout_ms),
            recovery_window: self.recovery_ms.map(Duration::from_millis),
        }
    }

    /// The configuration as environment variables.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("SIO_PING_INTERVAL", self.ping_interval_ms.to_string()),
            ("SIO_PING_TIMEOUT", self.ping_timeout_ms.to_string()),
            ("SIO_MAX_PAYLOAD", self.max_payload_bytes.to_string()),
            ("SIO_CONNECT_TIMEOUT", self.connect_timeout_ms.to_string()),
            ("SIO_UPGRADE_TIMEOUT", self.upgrade_timeout_ms.to_string()),
        ];
        variables.extend(self.recovery_ms.map(|ms| ("SIO_RECOVERY", ms.to_string())));
        variables.extend(self.packed.then(|| ("SIO_PARSER", "msgpack".to_owned())));
        variables.extend(self.old_clients.then(|| ("SIO_EIO3", "1".to_owned())));
        variables
    }
}
