//! The settings of the reference server on the command line.

/// Each stands for the environment variable that is named with it, and comes before it.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Settings of the server, each before its environment variable")]
pub(super) struct Settings {
    /// Where requests are served (SIO_PATH)
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Time to the next ping, ms (SIO_PING_INTERVAL)
    #[arg(long, value_name = "MS")]
    ping_interval: Option<String>,
    /// Time for a pong, ms (SIO_PING_TIMEOUT)
    #[arg(long, value_name = "MS")]
    ping_timeout: Option<String>,
    /// Largest payload, bytes (SIO_MAX_PAYLOAD)
    #[arg(long, value_name = "BYTES")]
    max_payload: Option<String>,
    /// Time to join a first namespace, ms (SIO_CONNECT_TIMEOUT)
    #[arg(long, value_name = "MS")]
    connect_timeout: Option<String>,
    /// Time to complete an upgrade, ms (SIO_UPGRADE_TIMEOUT)
    #[arg(long, value_name = "MS")]
    upgrade_timeout: Option<String>,
    /// Time for the head of a request, ms (SIO_HEAD_TIMEOUT)
    #[arg(long, value_name = "MS")]
    head_timeout: Option<String>,
    /// Time for the body of a request, ms (SIO_BODY_TIMEOUT)
    #[arg(long, value_name = "MS")]
    body_timeout: Option<String>,
    /// Largest head of a request, bytes (SIO_MAX_HEAD)
    #[arg(long, value_name = "BYTES")]
    max_head: Option<String>,
    /// Let lost sessions come back for so long, ms (SIO_RECOVERY)
    #[arg(long, value_name = "MS")]
    recovery: Option<String>,
    /// Keep so much of what they miss, bytes (SIO_RECOVERY_BYTES)
    #[arg(long, value_name = "BYTES")]
    recovery_bytes: Option<String>,
    /// msgpack: write packets as MessagePack (SIO_PARSER)
    #[arg(long, value_name = "NAME")]
    parser: Option<String>,
    /// 1: serve clients of version 3 of the Engine.IO protocol too (SIO_EIO3)
    #[arg(long, value_name = "1")]
    eio3: Option<String>,
    /// Name of the node in its cluster, of several nodes that of the first (SIO_NODE)
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// The allowed origin (SIO_CORS_ORIGIN)
    #[arg(long, value_name = "ORIGIN")]
    cors_origin: Option<String>,
    /// Name of the cookie that carries the session id (SIO_COOKIE)
    #[arg(long, value_name = "NAME")]
    cookie: Option<String>,
    /// Compress bodies of this size and more (SIO_COMPRESS_FROM)
    #[arg(long, value_name = "BYTES")]
    compress_from: Option<String>,
    /// 1: compress websocket messages for clients that take that (SIO_DEFLATE)
    #[arg(long, value_name = "1")]
    deflate: Option<String>,
    /// Serve the files of the client in this folder below the path, in place of files that stand in for them
    /// (SIO_CLIENT_FILES)
    #[arg(long, value_name = "FOLDER")]
    client_files: Option<String>,
    /// Serve a page with metrics here (SIO_METRICS)
    #[arg(long, value_name = "PATH")]
    metrics: Option<String>,
}

impl Settings {
    /// What was given, under the name of its environment variable.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let setting = match name {
            "SIO_PATH" => &self.path,
            "SIO_PING_INTERVAL" => &self.ping_interval,
            "SIO_PING_TIMEOUT" => &self.ping_timeout,
            "SIO_MAX_PAYLOAD" => &self.max_payload,
            "SIO_CONNECT_TIMEOUT" => &self.connect_timeout,
            "SIO_UPGRADE_TIMEOUT" => &self.upgrade_timeout,
            "SIO_HEAD_TIMEOUT" => &self.head_timeout,
            "SIO_BODY_TIMEOUT" => &self.body_timeout,
            "SIO_MAX_HEAD" => &self.max_head,
            "SIO_RECOVERY" => &self.recovery,
            "SIO_RECOVERY_BYTES" => &self.recovery_bytes,
            "SIO_PARSER" => &self.parser,
            "SIO_EIO3" => &self.eio3,
            "SIO_NODE" => &self.node,
            "SIO_CORS_ORIGIN" => &self.cors_origin,
            "SIO_COOKIE" => &self.cookie,
            "SIO_COMPRESS_FROM" => &self.compress_from,
            "SIO_DEFLATE" => &self.deflate,
            "SIO_CLIENT_FILES" => &self.client_files,
            "SIO_METRICS" => &self.metrics,
            _ => return None,
        };
        setting.clone()
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::Settings;

    #[test]
    fn every_setting_reaches_its_variable() {
        let command = Settings::augment_args(Command::new("serve"));
        let named: Vec<_> = command
            .get_arguments()
            .map(|it| {
                let help = it.get_help().unwrap().to_string();
                let variable = help.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned();
                (format!("--{}", it.get_long().unwrap()), variable)
            })
            .collect();
        assert!(named.len() >= 14);
        for (option, variable) in named {
            let given = ["serve", &option, "1"];
            let matches = Settings::augment_args(Command::new("serve")).try_get_matches_from(given).unwrap();
            let settings = Settings::from_arg_matches(&matches).unwrap();
            assert_eq!(settings.variable(&variable).as_deref(), Some("1"), "{option} {variable}");
            assert_eq!(Settings::default().variable(&variable), None);
        }
    }
}
