//! What is sent, as text and bytes.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Performance;
use crate::{
    live::{case::ATTACKERS, wire::frame},
    siot::{Bindings, Data, Item},
};

impl Performance {
    pub(super) fn own_query(&self, actor: usize) -> String {
        let seen = self.log.lock();
        let sid = seen.sid(actor).unwrap_or_default();
        format!("EIO=4&transport=polling&sid={sid}")
    }

    pub(super) fn handshake(&self, query: &str) -> String {
        let lines = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")];
        let mut headers: Vec<(String, String)> =
            lines.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        headers.push(("Sec-WebSocket-Key".to_owned(), STANDARD.encode(b"sixteen bytes ok")));
        self.head("GET", query, &headers, None)
    }

    pub(super) fn head(
        &self,
        method: &str,
        query: &str,
        headers: &[(String, String)],
        body: Option<&[u8]>,
    ) -> String {
        use std::fmt::Write as _;
        let has = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let mut head = format!("{method} {} HTTP/1.1\r\n", self.ground.target(query));
        if !has("host") {
            let _ = write!(head, "Host: {}\r\n", self.ground.authority);
        }
        head.push_str(&self.ground.headers);
        for (name, value) in headers {
            let _ = write!(head, "{name}: {}\r\n", self.filled(value));
        }
        if let Some(body) = body {
            if !has("content-type") {
                head.push_str("Content-Type: text/plain;charset=UTF-8\r\n");
            }
            if !has("content-length") && !has("transfer-encoding") {
                let _ = write!(head, "Content-Length: {}\r\n", body.len());
            }
        }
        head.push_str("\r\n");
        head
    }

    /// A packet as it stands in the body of a POST.
    pub(super) fn packet(&self, item: &Item) -> String {
        match item {
            Item::Text(text) => self.filled(text),
            Item::Binary(bytes) => format!("b{}", STANDARD.encode(bytes)),
        }
    }

    pub(super) fn item(&self, item: &Item) -> Vec<u8> {
        match item {
            Item::Text(text) => frame(true, 0, 1, self.filled(text).as_bytes()),
            Item::Binary(bytes) => frame(true, 0, 2, bytes),
        }
    }

    pub(super) fn data(&self, data: &Data) -> Vec<u8> {
        match data {
            Data::Text(text) => self.filled(text).into_bytes(),
            Data::Bytes(bytes) => bytes.clone(),
        }
    }

    /// A text with the values of its variables; one that has none yet stands for nothing.
    pub(super) fn filled(&self, text: &str) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        let mut values: BTreeMap<&str, String> = BTreeMap::new();
        {
            let seen = self.log.lock();
            for (actor, name) in ATTACKERS.iter().enumerate() {
                values.insert(name, seen.sid(actor).unwrap_or_default().to_owned());
            }
        }
        values.insert("host", self.ground.authority.clone());
        values.insert("path", self.ground.path.to_string());
        Bindings::substitute(text, |name| values.get(name).map(String::as_str).unwrap_or_default())
    }
}
