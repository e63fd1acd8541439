//! What a server is told before it starts.

use std::{env, error::Error, fmt, str::FromStr, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{adapter::Cluster, bundle::Bundle, fault::Fault};

/// A year: longer times mean never.
const LONGEST: Duration = Duration::from_hours(8760);

/// From here on messages are worth compressing (testee contract, "Starting a testee").
const DEFLATE_FROM_BYTES: usize = 1024;

/// The settings of a server. The defaults are those of socket.io 4.8.
#[derive(Clone, Debug)]
pub struct Config {
    /// Requests whose path begins with this are served; it starts and ends with a slash.
    pub path: String,
    /// Time from the handshake, or from a pong, to the next ping (Engine.IO protocol v4, "Heartbeat").
    pub ping_interval: Duration,
    /// Time in which a ping must be answered before the session is closed.
    pub ping_timeout: Duration,
    /// Largest POST body and largest websocket message that is accepted, announced as `maxPayload`.
    pub max_payload_bytes: usize,
    /// Time in which a connection must join a first namespace.
    pub connect_timeout: Duration,
    /// Time in which a websocket must complete the upgrade it began.
    pub upgrade_timeout: Duration,
    /// Time for which a session that the server closed waits for one more poll, to say so.
    pub farewell_timeout: Duration,
    /// What may wait for a client that does not read; more than this closes its session.
    pub max_outbox_bytes: usize,
    /// Time in which a client must send the head of a request, or anything at all on a new connection.
    pub head_timeout: Duration,
    /// Time in which a client must send the body of a request.
    pub body_timeout: Duration,
    /// Largest head of a request.
    pub max_head_bytes: usize,
    /// Bodies of this size and more are compressed for clients that take that; without one none is.
    pub compress_from_bytes: Option<usize>,
    /// Websocket messages of this size and more are compressed for clients that take that; without one none is.
    pub deflate_from_bytes: Option<usize>,
    /// How long a lost session can come back; without one sessions are not recovered.
    pub recovery_window: Option<Duration>,
    /// What may be kept of the events that such sessions miss; and as much again of the sessions themselves.
    pub max_recovery_bytes: usize,
    /// How packets are written.
    pub parser: Parser,
    /// Whether clients of version 3 of the Engine.IO protocol are served too.
    pub old_clients: bool,
    /// The files of the client that are served below the path; without them only sessions are.
    pub bundle: Option<Arc<Bundle>>,
    /// A page of HTML that is served at `/`.
    pub page: Option<&'static str>,
    /// The path of a page with metrics; without one there is no such page.
    pub metrics_path: Option<String>,
    /// The allowed origin; without one there are no CORS headers.
    pub cors_origin: Option<String>,
    /// Name of the cookie that carries the session id; without one no cookie is set.
    pub cookie: Option<String>,
    /// The cluster that this server is a node of; without one it is alone.
    pub cluster: Option<Cluster>,
    /// The name of this node in its cluster; without one it is `node-` and the port, or `node` where there is no port.
    pub node: Option<String>,
    /// The one way in which this server is wrong.
    pub fault: Option<Fault>,
    /// Whether a deadly fault has struck.
    pub fate: Fate,
}

/// How Socket.IO packets are written. Nothing on the wire tells: both sides are set to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parser {
    /// As text and attachments (Socket.IO protocol v5, "Packet encoding").
    Text,
    /// Each as one MessagePack value, as socket.io-msgpack-parser does.
    MessagePack,
}

/// Sealed once a deadly fault has struck: the server accepts no more connections.
#[derive(Clone, Debug, Default)]
pub struct Fate(CancellationToken);

impl Fate {
    pub(crate) async fn sealed(&self) {
        self.0.cancelled().await;
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/socket.io/".to_owned(),
            ping_interval: Duration::from_millis(25_000),
            ping_timeout: Duration::from_millis(20_000),
            max_payload_bytes: 1_000_000,
            connect_timeout: Duration::from_millis(45_000),
            upgrade_timeout: Duration::from_millis(10_000),
            farewell_timeout: Duration::from_millis(30_000),
            max_outbox_bytes: 16 << 20,
            head_timeout: Duration::from_millis(30_000),
            body_timeout: Duration::from_millis(30_000),
            max_head_bytes: 16 << 10,
            compress_from_bytes: Some(1024),
            deflate_from_bytes: None,
            recovery_window: None,
            max_recovery_bytes: 32 << 20,
            parser: Parser::Text,
            old_clients: false,
            bundle: None,
            page: None,
            metrics_path: None,
            cors_origin: None,
            cookie: None,
            cluster: None,
            node: None,
            fault: None,
            fate: Fate::default(),
        }
    }
}

impl Config {
    /// The settings with which a testee starts unless it is told otherwise: a fast heartbeat, short time-outs, and
    /// every origin allowed.
    #[must_use]
    pub fn testee() -> Self {
        Self {
            ping_interval: Duration::from_millis(300),
            ping_timeout: Duration::from_millis(200),
            connect_timeout: Duration::from_millis(1000),
            upgrade_timeout: Duration::from_millis(1000),
            cors_origin: Some("*".to_owned()),
            ..Self::default()
        }
    }

    /// [`Config::testee`], changed by the environment variables of the testee contract: `SIO_PATH`,
    /// `SIO_PING_INTERVAL`, `SIO_PING_TIMEOUT`, `SIO_MAX_PAYLOAD`, `SIO_CONNECT_TIMEOUT`, `SIO_UPGRADE_TIMEOUT`
    /// (milliseconds, bytes), `SIO_RECOVERY` (milliseconds), `SIO_PARSER`, `SIO_EIO3`, `SIO_NODE`, `SIO_CORS_ORIGIN`,
    /// `SIO_COOKIE` and `SIO_DEFLATE`; and by some that only this server has: `SIO_HEAD_TIMEOUT`, `SIO_BODY_TIMEOUT`,
    /// `SIO_MAX_HEAD`, `SIO_RECOVERY_BYTES`, `SIO_COMPRESS_FROM` (bytes), `SIO_CLIENT_FILES` (a folder) and `SIO_METRICS` (a
    /// path).
    ///
    /// # Errors
    ///
    /// A variable that holds no number where one is needed, or names a folder without the files of a client.
    pub fn from_env() -> Result<Self, InvalidVariable> {
        Self::from_variables(|name| env::var(name).ok())
    }

    /// [`Config::from_env`], with variables that come from elsewhere.
    ///
    /// # Errors
    ///
    /// As [`Config::from_env`].
    pub fn from_variables(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, InvalidVariable> {
        fn number<N: FromStr>(
            name: &'static str,
            text: Option<String>,
            usual: N,
        ) -> Result<N, InvalidVariable> {
            let Some(text) = text else { return Ok(usual) };
            text.parse().map_err(|_| InvalidVariable { name, text, why: "it is no number".to_owned() })
        }
        let ms = |name, usual: Duration| match number(name, variable(name), usual.as_millis() as u64) {
            Ok(ms) => Ok(Duration::from_millis(ms)),
            Err(error) => Err(error),
        };
        let usual = Self::testee();
        let compress_from_bytes = match variable("SIO_COMPRESS_FROM") {
            text @ Some(_) => Some(number("SIO_COMPRESS_FROM", text, 0)?),
            None => usual.compress_from_bytes,
        };
        let recovery_window = match variable("SIO_RECOVERY").filter(|text| !text.is_empty()) {
            text @ Some(_) => Some(Duration::from_millis(number("SIO_RECOVERY", text, 0)?)),
            None => usual.recovery_window,
        };
        let parser = match variable("SIO_PARSER").as_deref() {
            None | Some("") => Parser::Text,
            Some("msgpack") => Parser::MessagePack,
            Some(text) => {
                let (text, why) = (text.to_owned(), "the only other parser is msgpack".to_owned());
                return Err(InvalidVariable { name: "SIO_PARSER", text, why });
            }
        };
        let bundle = variable("SIO_CLIENT_FILES").map(|folder| match Bundle::read(&folder) {
            Ok(bundle) => Ok(Arc::new(bundle)),
            Err(error) => {
                let why = error.to_string();
                Err(InvalidVariable { name: "SIO_CLIENT_FILES", text: folder, why })
            }
        });
        Ok(Self {
            path: variable("SIO_PATH").unwrap_or(usual.path),
            ping_interval: ms("SIO_PING_INTERVAL", usual.ping_interval)?,
            ping_timeout: ms("SIO_PING_TIMEOUT", usual.ping_timeout)?,
            max_payload_bytes: number(
                "SIO_MAX_PAYLOAD",
                variable("SIO_MAX_PAYLOAD"),
                usual.max_payload_bytes,
            )?,
            connect_timeout: ms("SIO_CONNECT_TIMEOUT", usual.connect_timeout)?,
            upgrade_timeout: ms("SIO_UPGRADE_TIMEOUT", usual.upgrade_timeout)?,
            head_timeout: ms("SIO_HEAD_TIMEOUT", usual.head_timeout)?,
            body_timeout: ms("SIO_BODY_TIMEOUT", usual.body_timeout)?,
            max_head_bytes: number("SIO_MAX_HEAD", variable("SIO_MAX_HEAD"), usual.max_head_bytes)?,
            compress_from_bytes,
            deflate_from_bytes: variable("SIO_DEFLATE").filter(|it| it == "1").map(|_| DEFLATE_FROM_BYTES),
            recovery_window,
            parser,
            old_clients: variable("SIO_EIO3").is_some_and(|it| it == "1"),
            max_recovery_bytes: number(
                "SIO_RECOVERY_BYTES",
                variable("SIO_RECOVERY_BYTES"),
                usual.max_recovery_bytes,
            )?,
            bundle: bundle.transpose()?,
            metrics_path: variable("SIO_METRICS"),
            cors_origin: variable("SIO_CORS_ORIGIN").or(usual.cors_origin),
            cookie: variable("SIO_COOKIE").filter(|name| !name.is_empty()),
            node: variable("SIO_NODE").filter(|name| !name.is_empty()),
            ..usual
        })
    }

    /// The same settings with this fault.
    #[must_use]
    pub fn with_fault(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    /// The same settings, with times that can be added to a clock.
    pub(crate) fn bounded(self) -> Self {
        Self {
            ping_interval: self.ping_interval.min(LONGEST),
            ping_timeout: self.ping_timeout.min(LONGEST),
            connect_timeout: self.connect_timeout.min(LONGEST),
            upgrade_timeout: self.upgrade_timeout.min(LONGEST),
            farewell_timeout: self.farewell_timeout.min(LONGEST),
            head_timeout: self.head_timeout.min(LONGEST),
            body_timeout: self.body_timeout.min(LONGEST),
            recovery_window: self.recovery_window.map(|window| window.min(LONGEST)),
            // Each server dies its own death.
            fate: Fate::default(),
            ..self
        }
    }

    /// Stops the server, if it has this deadly fault.
    pub(crate) fn dies_of(&self, fault: Fault) {
        if self.faulty(fault) {
            self.fate.0.cancel();
        }
    }

    /// Whether this is the way in which the server is to be wrong.
    pub(crate) fn faulty(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

/// An environment variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidVariable {
    name: &'static str,
    text: String,
    why: String,
}

impl fmt::Display for InvalidVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {:?}: {}", self.name, self.text, self.why)
    }
}

impl Error for InvalidVariable {}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn variables_override_the_usual_values() {
        let config = Config::from_variables(|name| match name {
            "SIO_PING_INTERVAL" => Some("50".to_owned()),
            "SIO_COOKIE" => Some("io".to_owned()),
            "SIO_NODE" => Some("first".to_owned()),
            _ => None,
        })
        .unwrap();
        assert_eq!(config.ping_interval.as_millis(), 50);
        assert_eq!(config.ping_timeout.as_millis(), 200);
        assert_eq!(config.cookie.as_deref(), Some("io"));
        assert_eq!(config.node.as_deref(), Some("first"));
        assert_eq!(config.cors_origin.as_deref(), Some("*"));
    }

    #[test]
    fn nonsense_is_named() {
        let error = Config::from_variables(|name| (name == "SIO_MAX_PAYLOAD").then(|| "many".to_owned()))
            .unwrap_err();
        assert_eq!(error.to_string(), r#"SIO_MAX_PAYLOAD is "many": it is no number"#);
    }
}
