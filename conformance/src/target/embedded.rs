//! The reference server inside this binary: the only file of the judge that knows it.

use std::{net::SocketAddr, time::Duration};

use siospec_server::{Config, Fault, Server};

use super::{Configuration, TargetError};
use crate::scenario::Variant;

/// A reference server that runs.
#[derive(Debug)]
pub(super) struct Embedded {
    server: Server,
    address: SocketAddr,
}

impl Embedded {
    pub(super) async fn start(
        variant: Variant,
        path: &str,
        fault: Option<&str>,
    ) -> Result<Self, TargetError> {
        let fault = fault
            .map(|name| {
                Fault::from_name(name).ok_or_else(|| {
                    TargetError::Usage(format!(
                        "no fault is named {name:?}; `siospec serve --fault list` lists them"
                    ))
                })
            })
            .transpose()?;
        let configuration = Configuration::of(variant);
        let config = Config {
            path: path.to_owned(),
            ping_interval: Duration::from_millis(configuration.ping_interval_ms),
            ping_timeout: Duration::from_millis(configuration.ping_timeout_ms),
            max_payload_bytes: usize::try_from(configuration.max_payload_bytes).unwrap_or(usize::MAX),
            connect_timeout: Duration::from_millis(configuration.connect_timeout_ms),
            upgrade_timeout: Duration::from_millis(configuration.upgrade_timeout_ms),
            fault,
            ..Config::default()
        };
        let server = Server::bind(config, SocketAddr::from(([127, 0, 0, 1], 0))).await.map_err(|error| {
            TargetError::Unreachable(format!("cannot start the reference server: {error}"))
        })?;
        let address = server.local_addr();
        Ok(Self { server, address })
    }

    pub(super) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(super) async fn stop(self) {
        self.server.shutdown().await;
    }
}
