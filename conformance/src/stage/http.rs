//! HTTP requests, whole ones.

use std::{sync::Arc, time::Duration};

use super::Scene;
use crate::{
    siot::{Act, Data, Sight},
    tape,
    transcript::EntryId,
    verdict::{Check, Stop},
};

/// A reply to an HTTP request.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The reply's entry in the transcript.
    pub at: EntryId,
}

impl Reply {
    /// The body as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether it is a ping: one that was due at this moment, and not what was asked for.
    pub fn is_ping(&self) -> bool {
        self.status == 200 && self.body.starts_with(b"2")
    }

    /// The value of a header, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Demands a status.
    ///
    /// # Errors
    /// A violation if the status is another.
    pub fn has_status(&self, status: u16) -> Check {
        self.demand(self.status == status, &format!("status {status}"))
    }

    /// Demands that the request was refused: a status of 400 to 499.
    ///
    /// # Errors
    /// A violation for any other status.
    pub fn is_refusal(&self) -> Check {
        self.demand((400..500).contains(&self.status), "a refusal (status 400)")
    }

    /// Demands a status of 200 and exactly this body.
    ///
    /// # Errors
    /// A violation if either differs.
    pub fn is(&self, body: &str) -> Check {
        self.demand(self.status == 200 && self.body == body.as_bytes(), &format!("status 200 with {body:?}"))
    }

    /// Demands that something holds of the reply.
    ///
    /// # Errors
    /// A violation that shows the reply.
    pub fn demand(&self, holds: bool, expected: &str) -> Check {
        holds.then_some(()).ok_or_else(|| Stop::violation(expected, self.describe(), self.at))
    }

    /// What it looks like on the tape.
    pub(crate) fn sight(&self) -> Sight {
        tape::reply(self.status, &self.headers, &self.body)
    }

    /// Status and body, as a person would read them.
    pub fn describe(&self) -> String {
        describe(self.status, &self.body)
    }
}

/// Status and body, as a person would read them.
pub(super) fn describe(status: u16, body: &[u8]) -> String {
    match String::from_utf8_lossy(body) {
        text if text.is_empty() => format!("status {status}, no body"),
        text => format!("status {status} with {}", readable(&text)),
    }
}

/// Text in a transcript: the record separator is shown as `␞`, and what is long is cut in the middle.
pub(super) fn readable(text: &str) -> String {
    const HEAD_CHARS: usize = 160;
    const TAIL_CHARS: usize = 24;
    let shown = text.replace('\u{1e}', "␞");
    let length = shown.chars().count();
    if length <= HEAD_CHARS + TAIL_CHARS + 20 {
        return shown;
    }
    let head: String = shown.chars().take(HEAD_CHARS).collect();
    let tail: String = shown.chars().skip(length - TAIL_CHARS).collect();
    format!("{head}… {} bytes …{tail}", text.len())
}

/// Largest body that a reply may have: what a server sends must not use up our memory.
pub(super) const MAX_BODY_BYTES: usize = 64 << 20;
/// What is said of a larger one.
pub(super) const TOO_LARGE: &str = "a body of more than 64 MiB";

/// One request to be sent.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: Option<Vec<u8>>,
    /// How long the answer may take.
    pub(super) within: Duration,
}

/// A request, as the tape has it; without a query it is one of the actor's session.
pub(super) fn taken(method: &str, query: Option<&str>, headers: &[(&str, &str)], body: Option<&[u8]>) -> Act {
    Act::Request {
        method: method.to_owned(),
        query: query.map(str::to_owned),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.map(Data::of),
    }
}

/// Sends a request on a connection of its own.
///
/// # Errors
/// A violation if no answer comes in time, or none at all.
pub(super) async fn request(scene: &Scene, actor: &Arc<str>, request: Request<'_>) -> Check<Reply> {
    let Request { method, query, headers, body, within } = request;
    let target = scene.site.target(query);
    let shown = body
        .as_deref()
        .map(|body| format!(" {}", readable(&String::from_utf8_lossy(body))))
        .unwrap_or_default();
    scene.sent(actor, format!("{method} {target}{shown}"));
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("scenarios name valid methods");
    let mut request = scene.site.http.request(method, format!("http://{}{target}", scene.site.authority));
    for (name, value) in &scene.site.headers {
        request = request.header(name, value);
    }
    // An empty value: the header is left out.
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "text/plain;charset=UTF-8");
        }
        request = request.body(body);
    }
    let failed = |error: reqwest::Error| {
        let observed = if error.is_timeout() {
            format!("no answer for {:.1} s", within.as_secs_f64())
        } else {
            format!("no answer: {}", root_cause(&error))
        };
        let at = scene.received(actor, &observed);
        Stop::violation("an HTTP answer", observed, at)
    };
    let request = request.timeout(within);
    let mut response = request.send().await.map_err(failed)?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(failed)? {
        if body.len() + piece.len() > MAX_BODY_BYTES {
            let observed = format!("status {status} with {TOO_LARGE}");
            let at = scene.received(actor, &observed);
            return Err(Stop::violation("an HTTP answer", observed, at));
        }
        body.extend_from_slice(&piece);
    }
    let at = scene.received(actor, describe(status, &body));
    Ok(Reply { status, headers, body, at })
}

/// The innermost error, which says what happened on the connection.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
