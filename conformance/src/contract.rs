//! Finding out what a server offers: is it Engine.IO at all, and how much of the testee contract does it speak.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    scenario::{Contract, Transport},
    stage::{Client, Patience, Site, Stage, Wire, event},
    target::{Approach, TargetError},
    transcript::Way,
    verdict::Stop,
};

/// What a server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The contract it speaks.
    pub contract: Contract,
    /// The features it names; empty if it does not answer `about`.
    pub features: BTreeSet<String>,
    /// What it calls itself.
    pub about: About,
    /// The largest payload that its handshake announces.
    pub max_payload_bytes: Option<u64>,
    /// The ping interval and the time-out that its handshake announces, together.
    pub beat: Duration,
    /// Whether its packets are MessagePack.
    pub packed: bool,
}

/// What a server calls itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Name of the implementation.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its language.
    pub language: String,
}

/// Features of the contract's wire level, assumed of a server that does not answer `about`.
const ASSUMED: [&str; 4] = ["polling", "websocket", "upgrade", "binary"];

/// Everything that a testee may name as a feature; see the testee contract.
pub const FEATURES: [&str; 27] = [
    "polling",
    "websocket",
    "webtransport",
    "upgrade",
    "binary",
    "rooms",
    "except",
    "local",
    "timeout",
    "acks",
    "broadcast-acks",
    "volatile",
    "compress",
    "sockets",
    "drop",
    "watch",
    "dynamic-namespaces",
    "middleware",
    "recovery",
    "cluster",
    "server-side-emit",
    "eio3",
    "jsonp",
    "msgpack",
    "cors",
    "cookie",
    "client-bundle",
];

/// Asks a server what it offers. One that speaks the contract `recovery` need not have it switched on unless that is
/// what it is started for.
///
/// # Errors
/// If it is no Engine.IO server, or lacks the contract that was stated.
pub async fn discover(
    site: &Arc<Site>,
    approach: &Approach,
    recovery_wanted: bool,
) -> Result<Offer, TargetError> {
    let patience = Patience::new(approach.timeout_scale);
    let (stage, wire) = open(site, patience).await?;
    let max_payload_bytes = wire.hello.max_payload_bytes;
    let beat = Duration::from_millis(wire.hello.ping_interval_ms.saturating_add(wire.hello.ping_timeout_ms));
    let mut answer = about(wire).await;
    drop(stage);
    let mut packed = site.packed;
    if packed && answer.is_err() {
        // A server may ignore what it is told, and write packets as ever.
        let mut plain = (**site).clone();
        plain.packed = false;
        let (_stage, wire) = open(&Arc::new(plain), patience).await?;
        let told = about(wire).await;
        packed = told.is_err();
        answer = told.or(answer);
        if packed && approach.contract < Some(Contract::Delivery) {
            // Nothing is known of it: neither parser is understood, or the application is another.
            let (contract, features) = (Contract::Wire, BTreeSet::new());
            return Ok(Offer {
                contract,
                features,
                about: About::default(),
                max_payload_bytes,
                beat,
                packed,
            });
        }
    }
    let (contract, features, about) = match answer {
        Ok(answer) => {
            let features = answer["features"].as_array().into_iter().flatten();
            let features: BTreeSet<String> = features.filter_map(Value::as_str).map(str::to_owned).collect();
            let spoken = match features.contains("recovery") {
                true => Contract::Recovery,
                false => Contract::Delivery,
            };
            (approach.contract.unwrap_or(spoken), features, About::read(&answer))
        }
        Err(instead) if approach.contract >= Some(Contract::Delivery) => {
            return Err(missing(site, &instead, approach.contract.unwrap_or(Contract::Delivery)));
        }
        Err(_) => {
            let contract = match approach.contract {
                Some(stated) => stated,
                None if echoes(site, patience).await => Contract::Echo,
                None => Contract::Wire,
            };
            (contract, ASSUMED.map(str::to_owned).into(), About::default())
        }
    };
    if recovery_wanted && contract == Contract::Recovery && !features.contains("recovery") {
        return Err(missing(site, "does not name the feature recovery", contract));
    }
    Ok(Offer { contract, features, about, max_payload_bytes, beat, packed })
}

fn missing(site: &Site, instead: &str, stated: Contract) -> TargetError {
    TargetError::ContractMissing(format!(
        "the server at http://{}{} {instead}, though the contract {} was stated; \
         see the testee contract (`siospec contract`), or state another with --contract",
        site.authority,
        site.path,
        stated.name()
    ))
}

/// Opens a session on any transport.
async fn open(site: &Arc<Site>, patience: Patience) -> Result<(Stage, Wire), TargetError> {
    let mut wrong = Vec::new();
    for over in [Transport::Polling, Transport::Websocket] {
        let mut stage = Stage::new(Arc::clone(site), over, patience, "probe");
        match stage.session().await {
            Ok(wire) => return Ok((stage, wire)),
            Err(stop) => {
                let entries = stage.transcript().entries();
                let answer = entries.iter().rev().find(|entry| entry.way == Way::Received);
                let what = answer.map_or_else(|| because(stop), |entry| entry.what.clone());
                wrong.push(format!("{over}: {what}"));
            }
        }
    }
    let url = format!("http://{}{}", site.authority, site.path);
    Err(TargetError::Unreachable(if wrong.iter().all(|what| what.contains("onnection refused")) {
        format!("nobody listens at {url}: connection refused; is the server running, and is the port right?")
    } else {
        let hint = "is it an Engine.IO 4 server, and is the path right? (--path)";
        format!("no Engine.IO handshake with {url}: {}; {hint}", wrong.join("; "))
    }))
}

fn because(stop: Stop) -> String {
    match stop {
        Stop::Violation(violation) => violation.observed,
        Stop::Inconclusive(why) | Stop::Unsupported(why) => why,
    }
}

/// The answer to `about` in this version of the contract, or what came instead. A server that acknowledges a
/// later event first will not answer it.
async fn about(wire: Wire) -> Result<Value, String> {
    const SILENT: &str = "does not answer `about`";
    let mut client = Client::join(wire, "/", None)
        .await
        .map_err(|stop| format!("admits nobody to its main namespace ({})", because(stop)))?;
    let id = client.asks(json!({ "op": "about" }));
    client.emits(event("message-with-ack", [json!("siospec")]).with_id(1));
    let mut echoed = false;
    loop {
        match client.next("an answer to about").await {
            Ok((packet, _)) if packet.id == Some(id) => {
                let answer = packet.data.get(0).cloned().unwrap_or_default();
                if answer["contract"] == json!(1) {
                    return Ok(answer);
                }
                let shown: String = answer.to_string().chars().take(200).collect();
                return Err(format!("answers `about` with {shown}, which is not version 1 of the contract"));
            }
            // Handlers that run side by side may answer out of order: one more packet may be on its way.
            Ok((packet, _)) if packet.id == Some(1) => {
                if std::mem::replace(&mut echoed, true) {
                    return Err(SILENT.to_owned());
                }
                client.emits(event("message-with-ack", [json!("siospec")]).with_id(1));
            }
            Ok(_) => {}
            Err(_) => return Err(SILENT.to_owned()),
        }
    }
}

/// Whether the server plays the echo application.
async fn echoes(site: &Arc<Site>, patience: Patience) -> bool {
    let mut echo = (**site).clone();
    echo.contract = Contract::Echo;
    let mut stage = Stage::new(Arc::new(echo), Transport::Polling, patience, "probe");
    match stage.join::<1>("/").await {
        Ok([mut client]) => client.hears_nothing_more().await.is_ok(),
        Err(_) => false,
    }
}

impl About {
    fn read(answer: &Value) -> Self {
        let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
        Self { name: text("name"), version: text("version"), language: text("language") }
    }
}
