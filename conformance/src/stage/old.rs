//! A polling session of version 3 of the protocol: packets have lengths, bytes may travel as they are, and the client pings.

use std::{collections::VecDeque, sync::Arc};

use serde_json::Value;
use siospec_codec::{
    Encode,
    engine::{Data, Packet, v3},
};
use tokio::time::Instant;

use super::{
    Scene,
    http::{self, Reply, Request},
    raw::Raw,
    session::Hello,
};
use crate::{
    siot::Act,
    transcript::EntryId,
    verdict::{Check, SetUp, Stop, expecting},
};

/// One packet of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OldPacket {
    /// A packet of text, with its type.
    Text(String),
    /// The bytes of a message.
    Binary(Vec<u8>),
}

/// A polling session of version 3.
#[derive(Debug)]
pub struct OldPolling {
    scene: Arc<Scene>,
    actor: Arc<str>,
    /// The parameters of every request.
    parameters: String,
    /// What the handshake announced.
    pub hello: Hello,
    heard: VecDeque<(OldPacket, EntryId)>,
}

impl OldPolling {
    /// Opens a session; `more` are further parameters of its requests, each behind `&`.
    pub(super) async fn open(scene: &Arc<Scene>, actor: &Arc<str>, more: &str) -> Check<Self> {
        let parameters = format!("EIO=3&transport=polling{more}");
        let reply = exchange(scene, actor, "GET", &parameters, &[], None).await?;
        reply.has_status(200)?;
        let mut heard: VecDeque<_> = read(&reply)?.into_iter().map(|packet| (packet, reply.at)).collect();
        let first = match heard.pop_front() {
            Some((OldPacket::Text(first), _)) => first,
            _ => return Err(Stop::violation("an open packet", reply.describe(), reply.at)),
        };
        let hello = Hello::read(&first, reply.at)?;
        Ok(Self { scene: Arc::clone(scene), actor: Arc::clone(actor), parameters, hello, heard })
    }

    /// The query of this session's requests.
    pub fn query(&self) -> String {
        format!("{}&sid={}", self.parameters, self.hello.sid)
    }

    /// The query of a WebSocket for this session.
    pub fn upgrade_query(&self) -> String {
        format!("EIO=3&transport=websocket&sid={}", self.hello.sid)
    }

    /// One GET.
    ///
    /// # Errors
    /// A violation if it is not answered in time.
    pub async fn get(&self) -> Check<Reply> {
        self.send("GET", &[], None).await
    }

    /// One POST with this body and content type.
    ///
    /// # Errors
    /// A violation if it is not answered in time.
    pub async fn post(&self, content_type: &str, body: &[u8]) -> Check<Reply> {
        self.send("POST", &[("Content-Type", content_type)], Some(body.to_vec())).await
    }

    /// Sends packets of text in one POST.
    ///
    /// # Errors
    /// A violation unless the answer is 200.
    pub async fn says(&self, packets: &[&str]) -> Check {
        let body: String = packets.iter().map(|packet| framed(packet)).collect();
        self.post("text/plain;charset=UTF-8", body.as_bytes()).await?.has_status(200)
    }

    /// Starts a GET and leaves it unanswered for now.
    ///
    /// # Errors
    /// Inconclusive if the server cannot be reached.
    pub async fn hold(&self) -> Check<Raw> {
        let line = self.scene.line(&self.actor);
        self.scene.acts(&line, Act::Connect);
        let mut raw = Raw::connect(&self.scene, &self.actor, line).await?;
        raw.head("GET", &self.query(), "").await?;
        // A round trip on another connection: the GET has arrived.
        let within = self.scene.patience.answer();
        let query = "EIO=3&transport=none";
        let request = Request { method: "GET", query, headers: &[], body: None, within };
        http::request(&self.scene, &self.actor, request).await.set_up("a round trip")?;
        Ok(raw)
    }

    /// The next packet that is no noop and no pong, and belongs to this case.
    ///
    /// # Errors
    /// A violation if none comes in time, or a payload cannot be read.
    pub async fn next(&mut self) -> Check<(OldPacket, EntryId)> {
        let deadline = Instant::now() + self.scene.patience.answer();
        loop {
            while let Some((packet, at)) = self.heard.pop_front() {
                let passed_over = match &packet {
                    OldPacket::Text(text) => text == "6" || text == "3" || self.scene.is_strange(text),
                    OldPacket::Binary(_) => false,
                };
                if !passed_over {
                    return Ok((packet, at));
                }
            }
            if Instant::now() >= deadline {
                let at = self.scene.received(&self.actor, "no packet");
                return Err(Stop::violation("a packet", "no packet", at));
            }
            let reply = self.get().await?;
            reply.has_status(200)?;
            self.heard.extend(read(&reply)?.into_iter().map(|packet| (packet, reply.at)));
        }
    }

    /// Demands that one of the next packets is this text.
    ///
    /// # Errors
    /// A violation if it does not come in time.
    pub async fn hears(&mut self, want: &str) -> Check {
        loop {
            let (packet, at) = self.next().await.map_err(|stop| expecting(stop, want))?;
            match packet {
                OldPacket::Text(text) if self.scene.is_same(&text, want) => return Ok(()),
                OldPacket::Text(text) if text == "1" => return Err(Stop::violation(want, text, at)),
                _ => {}
            }
        }
    }

    /// Waits until the session is in the main namespace and was greeted.
    ///
    /// # Errors
    /// A violation if it is not.
    pub async fn is_joined(&mut self) -> Check {
        let (mut connected, mut greeted) = (false, !self.scene.echoes());
        while !(connected && greeted) {
            match self.next().await?.0 {
                OldPacket::Text(text) if text.starts_with("40") => connected = true,
                OldPacket::Text(text) if text.starts_with("42[\"auth\"") => greeted = true,
                _ => {}
            }
        }
        Ok(())
    }

    async fn send(&self, method: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Check<Reply> {
        exchange(&self.scene, &self.actor, method, &self.query(), headers, body).await
    }
}

/// A request that the tape has with its query: no other session of a client has requests like these.
async fn exchange(
    scene: &Scene,
    actor: &Arc<str>,
    method: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: Option<Vec<u8>>,
) -> Check<Reply> {
    let within = scene.patience.answer();
    scene.acts(actor, http::taken(method, Some(query), headers, body.as_deref()));
    let reply = http::request(scene, actor, Request { method, query, headers, body, within }).await;
    scene.sees_reply(actor, &reply, None);
    reply
}

/// A packet with its length in UTF-16 code units.
pub fn framed(packet: &str) -> String {
    format!("{}:{packet}", packet.encode_utf16().count())
}

/// The packets of a payload, which may be wrapped in a script; whether it is labelled right is a rule of its own.
///
/// # Errors
/// A violation if they cannot be read.
pub fn read(reply: &Reply) -> Check<Vec<OldPacket>> {
    let wrong = |why: String| {
        let observed = format!("{} ({why})", reply.describe());
        Stop::violation("a payload of version 3", observed, reply.at)
    };
    if reply.body.first().is_some_and(|first| *first <= 1) {
        return v3::binary_packets(&reply.body)
            .map(|packet| packet.map(owned).map_err(|error| wrong(error.to_string())))
            .collect();
    }
    let text = reply.text();
    let text = script(&text).unwrap_or(text);
    v3::packets(&text).map(|packet| packet.map(owned).map_err(|error| wrong(error.to_string()))).collect()
}

/// The text that a script hands over.
pub fn script(body: &str) -> Option<String> {
    let (head, call) = body.split_once('(')?;
    let digits = head.strip_prefix("___eio[")?.strip_suffix(']')?;
    let json = call.strip_suffix(';')?.strip_suffix(')')?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    match serde_json::from_str(json).ok()? {
        Value::String(text) if is_plain => Some(text),
        _ => None,
    }
}

fn owned(packet: Packet<'_>) -> OldPacket {
    match packet {
        Packet::Message(Data::Binary(bytes)) => OldPacket::Binary(bytes.to_vec()),
        Packet::Message(Data::Base64(base64)) => OldPacket::Binary(base64.to_vec()),
        packet => {
            let mut text = String::new();
            packet.encode(&mut text);
            OldPacket::Text(text)
        }
    }
}
