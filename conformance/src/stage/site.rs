//! Where the server under judgement is, and what is known of it.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;

use crate::scenario::{Contract, Need, Scenario, Setting, Transport};

/// A server under judgement.
#[derive(Debug, Clone)]
pub struct Site {
    /// Host and port, as in a `Host` header.
    pub authority: String,
    /// Request path, with slashes at both ends.
    pub path: String,
    /// Headers added to every request.
    pub headers: Vec<(String, String)>,
    /// Query parameters added to every request, `K=V` joined by `&`.
    pub query: String,
    /// CONNECT payload of clients that need none of their own.
    pub auth: Option<Value>,
    /// What the testee offers.
    pub contract: Contract,
    /// The features the testee names.
    pub features: BTreeSet<String>,
    /// The configuration that we gave it; unknown for a server that ran before.
    pub settings: Option<Settings>,
    /// Whether packets are MessagePack.
    pub packed: bool,
    /// The one HTTP client of the run.
    pub http: reqwest::Client,
}

/// Settings that no handshake announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The time to join a first namespace.
    pub connect_timeout: Duration,
    /// The time to finish an upgrade.
    pub upgrade_timeout: Duration,
    /// The time for which a lost session can come back, where it can.
    pub recovery_window: Option<Duration>,
}

impl Site {
    /// A server of which nothing is known but its address.
    pub fn new(authority: impl Into<String>) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // A kept-alive connection may be closed by the server just as it is used again: our race, not its fault.
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client without TLS and without a resolver of its own always builds");
        Self {
            authority: authority.into(),
            path: "/socket.io/".to_owned(),
            headers: Vec::new(),
            query: String::new(),
            auth: None,
            contract: Contract::Wire,
            features: BTreeSet::new(),
            settings: None,
            packed: false,
            http,
        }
    }

    /// Path and query of a request with the given protocol parameters; what begins with a slash is a file below the path,
    /// perhaps with a query of its own.
    pub fn target(&self, query: &str) -> String {
        if let Some(file) = query.strip_prefix('/') {
            let joint = if file.contains('?') { '&' } else { '?' };
            return match self.query.is_empty() {
                true => format!("{}{file}", self.path),
                false => format!("{}{file}{joint}{}", self.path, self.query),
            };
        }
        let joined = match (query.is_empty(), self.query.is_empty()) {
            (_, true) => query.to_owned(),
            (true, false) => self.query.clone(),
            (false, false) => format!("{query}&{}", self.query),
        };
        if joined.is_empty() { self.path.clone() } else { format!("{}?{joined}", self.path) }
    }

    /// Whether events end with an offset.
    pub fn recovers(&self) -> bool {
        self.features.contains("recovery")
    }

    /// Why a scenario cannot be acted out here over a transport, or nothing if it can.
    pub fn why_not(&self, scenario: &Scenario, over: Transport) -> Option<String> {
        let transports: &[&'static str] = match over {
            Transport::Polling => &["polling"],
            Transport::Websocket => &["websocket"],
            Transport::Upgraded => &["polling", "websocket", "upgrade"],
        };
        let features = transports.iter().map(|feature| Need::Feature(feature));
        features.chain(scenario.needs.iter().copied()).find_map(|need| self.lacks(need))
    }

    /// Why a need is not met, or nothing if it is.
    fn lacks(&self, need: Need) -> Option<String> {
        match need {
            Need::Contract(contract) if self.contract >= contract => None,
            Need::Contract(contract) => Some(format!(
                "needs the contract {}, the server speaks {}",
                contract.name(),
                self.contract.name()
            )),
            Need::Feature(feature) if self.features.contains(feature) => None,
            Need::Feature(feature) => Some(format!("the server does not offer {feature}")),
            Need::Without(feature) if !self.features.contains(feature) => None,
            Need::Without(feature) => Some(format!("does not apply to a server that offers {feature}")),
            Need::Setting(Setting::RecoveryWindow)
                if self.settings.is_some_and(|settings| settings.recovery_window.is_some()) =>
            {
                None
            }
            Need::Setting(Setting::RecoveryWindow) => {
                Some("the time for which a session can come back is not known".to_owned())
            }
            Need::Setting(_) if self.settings.is_some() => None,
            Need::Setting(Setting::ConnectTimeout) => {
                Some("the connect time-out of a server that runs already is not known".to_owned())
            }
            Need::Setting(Setting::UpgradeTimeout) => {
                Some("the upgrade time-out of a server that runs already is not known".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Site;

    #[test]
    fn requests_are_of_the_path_or_of_files_below_it() {
        let plain = Site::new("localhost");
        let tagged = Site { query: "token=1".to_owned(), ..plain.clone() };
        for (query, of_plain, of_tagged) in [
            ("", "/socket.io/", "/socket.io/?token=1"),
            ("EIO=4", "/socket.io/?EIO=4", "/socket.io/?EIO=4&token=1"),
            ("/a.js", "/socket.io/a.js", "/socket.io/a.js?token=1"),
            ("/a.js?v=1", "/socket.io/a.js?v=1", "/socket.io/a.js?v=1&token=1"),
        ] {
            assert_eq!(
                (plain.target(query), tagged.target(query)),
                (of_plain.to_owned(), of_tagged.to_owned())
            );
        }
    }
}
