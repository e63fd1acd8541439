//! A bare TCP connection: requests that are cut, delayed or held on purpose.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    Scene,
    http::{MAX_BODY_BYTES, Reply, TOO_LARGE, describe, readable},
};
use crate::{
    siot::{Act, Data},
    verdict::{Check, Stop},
};

/// A TCP connection whose bytes the scenario decides.
#[derive(Debug)]
pub struct Raw {
    scene: Arc<Scene>,
    actor: Arc<str>,
    /// Its name on the tape.
    line: Arc<str>,
    stream: TcpStream,
}

/// Whole lines of a head, each ended by `\r\n`, as names and values.
pub(super) fn lines(headers: &str) -> Vec<(String, String)> {
    let lines = headers.split("\r\n").filter(|line| !line.is_empty());
    let parts = lines.map(|line| line.split_once(':').unwrap_or((line, "")));
    parts.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.scene.acts(&self.line, Act::Drop);
    }
}

/// Largest head that a reply may have.
const MAX_HEAD_BYTES: usize = 1 << 20;

impl Raw {
    pub(super) async fn connect(scene: &Arc<Scene>, actor: &Arc<str>, line: Arc<str>) -> Check<Self> {
        let unreachable =
            |why: String| Stop::Inconclusive(format!("cannot connect to {}: {why}", scene.site.authority));
        let stream = timeout(scene.patience.connect(), TcpStream::connect(&scene.site.authority))
            .await
            .map_err(|_| unreachable("no answer".to_owned()))?
            .map_err(|error| unreachable(error.to_string()))?;
        // Pieces are meant to arrive as pieces.
        stream.set_nodelay(true).map_err(|error| Stop::Inconclusive(error.to_string()))?;
        Ok(Self { scene: Arc::clone(scene), actor: Arc::clone(actor), line, stream })
    }

    /// Sends the head of a request; `headers` are whole lines, each ended by `\r\n`.
    ///
    /// # Errors
    /// Inconclusive if the connection is gone.
    pub async fn head(&mut self, method: &str, query: &str, headers: &str) -> Check {
        let (method_name, query_text) = (method.to_owned(), query.to_owned());
        let head = Act::Head { method: method_name, query: query_text, headers: lines(headers) };
        self.scene.acts(&self.line, head);
        self.sends_head(method, query, headers).await
    }

    pub(super) async fn sends_head(&mut self, method: &str, query: &str, headers: &str) -> Check {
        let target = self.scene.site.target(query);
        let own: String =
            self.scene.site.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\n{own}{headers}\r\n",
            self.scene.site.authority
        );
        self.scene
            .sent(&self.actor, format!("{method} {target} {}", readable(&headers.replace("\r\n", "; "))));
        self.write(head.as_bytes()).await
    }

    /// Sends bytes of a body.
    ///
    /// # Errors
    /// Inconclusive if the connection is gone.
    pub async fn body(&mut self, bytes: &[u8]) -> Check {
        self.scene.acts(&self.line, Act::Bytes(Data::of(bytes)));
        self.sends_body(bytes).await
    }

    pub(super) async fn sends_body(&mut self, bytes: &[u8]) -> Check {
        self.scene.sent(&self.actor, format!("body {}", readable(&String::from_utf8_lossy(bytes))));
        self.write(bytes).await
    }

    /// Resets the connection.
    pub fn resets(self) {
        self.scene.sent(&self.actor, "reset");
        // Without this option the connection just ends, which is a weaker way to hang up.
        let _unsupported = self.stream.set_zero_linger();
    }

    async fn write(&mut self, bytes: &[u8]) -> Check {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        written
            .await
            .map_err(|error| Stop::Inconclusive(format!("the connection was lost while sending: {error}")))
    }

    /// Reads a whole reply, waiting no longer than for any answer.
    ///
    /// # Errors
    /// A violation if the connection ends, or the time runs out, before a reply is complete.
    pub async fn reply(&mut self) -> Check<Reply> {
        let within = self.scene.patience.answer();
        self.reply_within(within).await
    }

    /// Reads a whole reply within the given time.
    ///
    /// # Errors
    /// As [`Raw::reply`].
    pub async fn reply_within(&mut self, within: std::time::Duration) -> Check<Reply> {
        let reply = self.awaits_reply(within).await;
        self.scene.sees_reply(&self.line, &reply, Some(within));
        reply
    }

    /// Demands that the server answers, whatever it says, or ends the connection.
    ///
    /// # Errors
    /// A violation if neither happens in time.
    pub async fn is_over(&mut self) -> Check {
        match self.reply().await {
            Err(Stop::Violation(violation)) if violation.observed.starts_with("no answer for") => Err(
                Stop::violation("an answer, or the end of the connection", violation.observed, violation.at),
            ),
            Err(Stop::Violation(_)) | Ok(_) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    async fn awaits_reply(&mut self, within: std::time::Duration) -> Check<Reply> {
        let observed = match timeout(within, self.read_reply()).await {
            Ok(Ok((status, headers, body))) => {
                let at = self.scene.received(&self.actor, describe(status, &body));
                return Ok(Reply { status, headers, body, at });
            }
            Ok(Err(why)) => format!("no answer: {why}"),
            Err(_) => format!("no answer for {:.1} s", within.as_secs_f64()),
        };
        let at = self.scene.received(&self.actor, &observed);
        Err(Stop::violation("an HTTP answer", observed, at))
    }

    /// Status, headers and body, or why there are none.
    async fn read_reply(&mut self) -> Result<(u16, Vec<(String, String)>, Vec<u8>), String> {
        let mut bytes = Vec::new();
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut response = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(head) =
                response.parse(&bytes).map_err(|error| error.to_string())?
            {
                let status = response.code.unwrap_or_default();
                let headers: Vec<(String, String)> = response
                    .headers
                    .iter()
                    .map(|header| {
                        (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
                    })
                    .collect();
                let body = self.read_body(status, &headers, bytes.split_off(head)).await?;
                return Ok((status, headers, body));
            }
            if bytes.len() > MAX_HEAD_BYTES {
                return Err("a head of more than 1 MiB".to_owned());
            }
            self.read_some(&mut bytes).await?.then_some(()).ok_or("the connection was closed")?;
        }
    }

    async fn read_body(
        &mut self,
        status: u16,
        headers: &[(String, String)],
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>, String> {
        if matches!(status, 100..200 | 204 | 304) {
            return Ok(Vec::new());
        }
        let header =
            |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return self.read_chunks(bytes).await;
        }
        let length: usize =
            header("content-length").and_then(|value| value.parse().ok()).unwrap_or(usize::MAX);
        while bytes.len() < length {
            if !self.read_some(&mut bytes).await? {
                break;
            }
        }
        Ok(bytes)
    }

    async fn read_chunks(&mut self, mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        loop {
            match httparse::parse_chunk_size(&bytes).map_err(|_| "a broken chunk size".to_owned())? {
                httparse::Status::Complete((_, 0)) => return Ok(body),
                httparse::Status::Complete((head, size)) => {
                    let size = usize::try_from(size).map_err(|_| "a chunk too large".to_owned())?;
                    let end = head.saturating_add(size);
                    while bytes.len() < end.saturating_add(2) {
                        self.read_some(&mut bytes)
                            .await?
                            .then_some(())
                            .ok_or("the connection was closed in a chunk")?;
                    }
                    if body.len() + size > MAX_BODY_BYTES {
                        return Err(TOO_LARGE.to_owned());
                    }
                    body.extend_from_slice(&bytes[head..end]);
                    bytes.drain(..end + 2);
                }
                httparse::Status::Partial => {
                    self.read_some(&mut bytes)
                        .await?
                        .then_some(())
                        .ok_or("the connection was closed in a chunk")?;
                }
            }
        }
    }

    /// Reads what there is; false at the end of the stream.
    async fn read_some(&mut self, bytes: &mut Vec<u8>) -> Result<bool, String> {
        if bytes.len() > MAX_BODY_BYTES {
            return Err(TOO_LARGE.to_owned());
        }
        let read = self.stream.read_buf(bytes).await.map_err(|error| error.to_string())?;
        Ok(read > 0)
    }
}
