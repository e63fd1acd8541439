//! The questions.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::card::{Contract, Cors, Limit, Namespaces, Parser, SocketIo, Upgrade};
use crate::{
    contract::FEATURES,
    scenario::Transport,
    stage::{Heard, Hello, Opening, Patience, Polling, Reply, Sio, Site, Stage, Ws, connect, event},
    verdict::{Check, Stop},
};

/// Whoever asks says that it comes from here.
const ORIGIN: &str = "http://siospec.example";
/// A namespace that nobody can know.
const UNKNOWN: &str = "/siospec-knows-that-nobody-has-this";
/// The time for an answer that may well not come.
const MAYBE: Duration = Duration::from_millis(600);
/// The largest payload that is sent only to find out whether it is refused.
const LARGEST_TRIED_BYTES: u64 = 4 << 20;

/// What a handshake shows.
#[derive(Debug, Clone)]
pub(super) struct Greeting {
    pub(super) hello: Hello,
    pub(super) cors: Cors,
    pub(super) cookie: Option<String>,
}

/// What a CONNECT shows.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) socket_io: SocketIo,
    pub(super) namespaces: Namespaces,
    pub(super) contract: Contract,
}

impl Greeting {
    pub(super) fn of(hello: Hello) -> Self {
        Self { hello, cors: Cors::None, cookie: None }
    }
}

fn stage(site: &Arc<Site>, over: Transport) -> Stage {
    /// Deadlines of the stage lie well within the time for a question.
    const SCALE: f64 = 0.35;
    Stage::new(Arc::clone(site), over, Patience::new(SCALE), "probe")
}

/// A handshake of version 4, by polling.
pub(super) async fn handshake(site: &Arc<Site>) -> Result<Greeting, String> {
    let mut stage = stage(site, Transport::Polling);
    let asked = stage.request_with("GET", "EIO=4&transport=polling", &[("origin", ORIGIN)], None).await;
    let reply = asked.map_err(because)?;
    let hello = first_packet(&reply).map_err(|_| reply.describe())?;
    let cors = match reply.header("access-control-allow-origin") {
        None => Cors::None,
        Some("*") => Cors::Any,
        Some(ORIGIN) => Cors::Reflected,
        Some(other) => Cors::Other(other.to_owned()),
    };
    let cookie = reply.header("set-cookie").and_then(|cookie| cookie.split('=').next()).map(str::to_owned);
    // A session that nobody goes on with would be kept until it times out.
    let query = format!("EIO=4&transport=polling&sid={}", hello.sid);
    let _closed = stage.request("POST", &query, Some("1")).await;
    Ok(Greeting { hello, cors, cookie })
}

fn first_packet(reply: &Reply) -> Check<Hello> {
    reply.has_status(200)?;
    let body = reply.text();
    Hello::read(body.split('\u{1e}').next().unwrap_or_default(), reply.at)
}

/// The status of a handshake of version 3.
pub(super) async fn version_3(site: &Arc<Site>) -> Option<u16> {
    let mut stage = stage(site, Transport::Polling);
    let asked = timeout(super::EACH, stage.request("GET", "EIO=3&transport=polling", None)).await;
    asked.ok()?.ok().map(|reply| reply.status)
}

/// The handshake on a WebSocket.
pub(super) async fn websocket(site: &Arc<Site>) -> Option<Hello> {
    let mut stage = stage(site, Transport::Websocket);
    let Ok(Opening::Open(mut ws)) = stage.websocket("EIO=4&transport=websocket").await else { return None };
    let hello = match ws.next().await {
        Ok(Heard::Text(text, at)) => Hello::read(&text, at).ok(),
        _ => None,
    };
    let _closed = ws.close().await;
    hello
}

/// An upgrade, as far as to the answer to the probe.
pub(super) async fn upgrade(site: &Arc<Site>) -> Upgrade {
    let mut stage = stage(site, Transport::Upgraded);
    let Ok(session) = stage.polling().await else { return Upgrade::Refused };
    let began = Instant::now();
    let upgrade = match stage.websocket(&session.upgrade_query()).await {
        Ok(Opening::Open(mut ws)) => {
            let asked = ws.text("2probe").await;
            match (asked, ws.hears("3probe").await) {
                (Ok(()), Ok(())) => {
                    Upgrade::Ms(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
                }
                _ => Upgrade::Silent,
            }
        }
        _ => Upgrade::Refused,
    };
    close(&session).await;
    upgrade
}

/// Whether the announced limit holds.
pub(super) async fn limit(site: &Arc<Site>) -> Limit {
    let mut stage = stage(site, Transport::Polling);
    let Ok(session) = stage.polling().await else { return Limit::Untried };
    let bytes = session.hello.max_payload_bytes.filter(|bytes| *bytes <= LARGEST_TRIED_BYTES);
    let Some(bytes) = bytes.and_then(|bytes| usize::try_from(bytes).ok()) else {
        close(&session).await;
        return Limit::Untried;
    };
    // A noop of this length means nothing to a server that takes it.
    let answer = session.post(&format!("6{}", "x".repeat(bytes))).await;
    match answer {
        Ok(reply) if reply.status == 200 => {
            close(&session).await;
            Limit::Ignored
        }
        // Closing the connection in the middle is a refusal too.
        Ok(_) => Limit::Enforced,
        Err(Stop::Violation(violation)) if violation.observed.starts_with("no answer:") => Limit::Enforced,
        Err(_) => Limit::Untried,
    }
}

async fn close(session: &Polling) {
    let _closed = session.post("1").await;
}

/// What Socket.IO says to a CONNECT, of the main namespace and of one that nobody knows, and to the testee contract.
pub(super) async fn socket_io(site: &Arc<Site>) -> Option<Found> {
    let (main, unknown) = tokio::join!(main_namespace(site), is_admitted(site, UNKNOWN));
    let mut found = match main {
        Some(found) => found,
        None => in_messagepack(site).await?,
    };
    found.namespaces.unknown_admitted = unknown;
    Some(found)
}

async fn main_namespace(site: &Arc<Site>) -> Option<Found> {
    let mut session = Session::open(site).await?;
    let auth = site.auth.clone().unwrap_or_default();
    session.send(&connect(auth).write().0).await;
    let answer = session.answer(|text| text.starts_with("40") || text.starts_with("44")).await?;
    let mut found = Found {
        socket_io: SocketIo { revision: 5, parser: Parser::Default, recovery: false },
        namespaces: Namespaces { refusal: None, unknown_admitted: None },
        contract: Contract { level: "wire", name: String::new(), missing: Vec::new() },
    };
    let payload = match &answer {
        Heard::Text(text, _) => text.clone(),
        // A parser of its own writes binary packets.
        _ => {
            found.socket_io.parser = Parser::Msgpack;
            return Some(found);
        }
    };
    let payload: Value = serde_json::from_str(payload.get(2..).unwrap_or_default()).unwrap_or_default();
    if matches!(&answer, Heard::Text(text, _) if text.starts_with("44")) {
        let why = payload["message"].as_str().or(payload.as_str()).unwrap_or("without a reason");
        found.namespaces.refusal = Some(why.to_owned());
        return Some(found);
    }
    found.socket_io.recovery = payload["pid"].is_string();
    // Revision 4 does not give an id of its own to each namespace.
    found.socket_io.revision = if payload["sid"].is_string() { 5 } else { 4 };
    found.contract = session.contract().await;
    session.leave().await;
    Some(found)
}

/// The same of a server that writes its packets as MessagePack: it hangs up on others, or says nothing.
async fn in_messagepack(site: &Arc<Site>) -> Option<Found> {
    /// `{type: 0, nsp: "/"}`
    const CONNECT: &[u8] = b"\x82\xa4type\x00\xa3nsp\xa1/";
    let mut session = Session::open(site).await?;
    session.send_binary(CONNECT).await;
    let answer = timeout(MAYBE, session.answer(|_| false)).await.ok()??;
    session.leave().await;
    let Heard::Binary(bytes, _) = answer else { return None };
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    Some(Found {
        socket_io: SocketIo { revision: 5, parser: Parser::Msgpack, recovery: holds(b"\xa3pid") },
        namespaces: Namespaces { refusal: None, unknown_admitted: None },
        contract: Contract { level: "wire", name: String::new(), missing: Vec::new() },
    })
}

/// Whether a namespace admits us; nothing if it does not answer.
async fn is_admitted(site: &Arc<Site>, namespace: &str) -> Option<bool> {
    let mut session = Session::open(site).await?;
    session.send(&connect(Value::Null).on(namespace).write().0).await;
    let answer = timeout(MAYBE, session.answer(|text| text.starts_with("40") || text.starts_with("44")));
    let answer = answer.await.ok()??;
    session.leave().await;
    Some(matches!(answer, Heard::Text(text, _) if text.starts_with("40")))
}

/// A session on a WebSocket, or by polling where there is none.
enum Session {
    Socket(Box<Ws>),
    Polling(Box<Polling>, Vec<Heard>),
}

impl Session {
    async fn open(site: &Arc<Site>) -> Option<Self> {
        let mut over_websocket = stage(site, Transport::Websocket);
        if let Ok(Opening::Open(mut ws)) = over_websocket.websocket("EIO=4&transport=websocket").await
            && matches!(ws.next().await, Ok(Heard::Text(text, _)) if text.starts_with('0'))
        {
            return Some(Session::Socket(ws));
        }
        let mut over_polling = stage(site, Transport::Polling);
        let session = over_polling.polling().await.ok()?;
        Some(Session::Polling(Box::new(session), Vec::new()))
    }

    async fn send(&mut self, packet: &str) {
        let packet = format!("4{packet}");
        let _lost = match self {
            Session::Socket(ws) => ws.text(&packet).await,
            Session::Polling(session, ..) => session.post(&packet).await.map(drop),
        };
    }

    async fn send_binary(&mut self, packet: &[u8]) {
        let _lost = match self {
            Session::Socket(ws) => ws.binary(packet).await,
            Session::Polling(session, _) => {
                session.post(&format!("b{}", BASE64_STANDARD.encode(packet))).await.map(drop)
            }
        };
    }

    /// The next message that is binary or is this.
    async fn answer(&mut self, wanted: impl Fn(&str) -> bool) -> Option<Heard> {
        loop {
            let heard = match self {
                Session::Socket(ws) => ws.next_packet().await.ok()?,
                Session::Polling(session, kept) => {
                    if kept.is_empty() {
                        let (packets, at) = session.packets().await.ok()?;
                        kept.extend(packets.into_iter().rev().map(|packet| match packet.strip_prefix('b') {
                            Some(digits) => {
                                Heard::Binary(BASE64_STANDARD.decode(digits).unwrap_or_default(), at)
                            }
                            None => Heard::Text(packet, at),
                        }));
                    }
                    kept.pop()?
                }
            };
            match &heard {
                Heard::Text(text, _) if wanted(text) => return Some(heard),
                Heard::Text(..) => {}
                Heard::Binary(..) => return Some(heard),
                _ => return None,
            }
        }
    }

    /// How much of the testee contract is spoken.
    async fn contract(&mut self) -> Contract {
        const ABOUT: u64 = 7_100_000;
        const ECHO: u64 = 7_100_001;
        self.send(&event("do", [json!({ "op": "about" })]).with_id(ABOUT).write().0).await;
        self.send(&event("message-with-ack", [json!("siospec")]).with_id(ECHO).write().0).await;
        let mut contract = Contract { level: "wire", name: String::new(), missing: Vec::new() };
        // A server that answers neither is given a moment, not all of the time.
        for _ in 0..2 {
            let answer = timeout(MAYBE, self.answer(|text| text.starts_with("43"))).await;
            let Ok(Some(Heard::Text(text, _))) = answer else { break };
            let Some(packet) = Sio::of_text(&text) else { continue };
            match packet.id {
                Some(ECHO) if contract.level == "wire" => contract.level = "echo",
                Some(ABOUT) => read_about(&mut contract, &packet.data[0]),
                _ => {}
            }
        }
        contract
    }

    async fn leave(self) {
        let _closed = match self {
            Session::Socket(mut ws) => ws.close().await,
            Session::Polling(session, ..) => session.post("1").await.map(drop),
        };
    }
}

fn read_about(contract: &mut Contract, about: &Value) {
    if about["contract"] != json!(1) {
        return;
    }
    contract.level = "delivery";
    let text = |field: &str| about[field].as_str().unwrap_or_default().to_owned();
    contract.name = format!("{} {}", text("name"), text("version")).trim().to_owned();
    let named = about["features"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let named: Vec<&str> = named.collect();
    contract.missing =
        FEATURES.iter().filter(|feature| !named.contains(feature)).map(ToString::to_string).collect();
}

fn because(stop: Stop) -> String {
    match stop {
        Stop::Violation(violation) => violation.observed,
        Stop::Inconclusive(why) | Stop::Unsupported(why) => why,
    }
}
