//! A WebSocket connection whose every frame the scenario decides.

mod last_words;

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
        protocol::WebSocketConfig,
    },
};

use super::{
    Opening, Scene,
    http::{Reply, describe, readable},
};
use crate::{
    siot::{self, Act, Item, Sight},
    tape::Seen,
    transcript::EntryId,
    verdict::{Check, Stop, expecting},
};

pub use tokio_tungstenite::tungstenite::protocol::frame::{
    Frame,
    coding::{Data, OpCode},
};

/// An open WebSocket.
#[derive(Debug)]
pub struct Ws {
    scene: Arc<Scene>,
    actor: Arc<str>,
    pub(super) stream: WebSocketStream<TcpStream>,
    /// Whether what is said and heard is taken down: not by a pump.
    on_tape: bool,
}

/// How a WebSocket is closed, before a status code.
const CLOSE_FRAME: &str = "close frame ";

/// What was heard from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A text message.
    Text(String, EntryId),
    /// A binary message.
    Binary(Vec<u8>, EntryId),
    /// The answer to a ping frame.
    Pong(Vec<u8>, EntryId),
    /// The connection is closed, in whatever way.
    Closed(String, EntryId),
}

impl Heard {
    /// Where in the transcript.
    pub fn at(&self) -> EntryId {
        match self {
            Heard::Text(_, at) | Heard::Binary(_, at) | Heard::Pong(_, at) | Heard::Closed(_, at) => *at,
        }
    }

    /// What it looks like on the tape.
    pub(crate) fn sight(&self) -> Sight {
        match self {
            Heard::Text(text, _) => Sight::Text(text.clone()),
            Heard::Binary(bytes, _) => Sight::Binary(bytes.clone()),
            Heard::Pong(bytes, _) => Sight::PongFrame(bytes.clone()),
            Heard::Closed(how, _) => {
                Sight::Closed(how.strip_prefix(CLOSE_FRAME).and_then(|code| code.parse().ok()))
            }
        }
    }

    /// What it was, as a person would read it.
    pub fn describe(&self) -> String {
        match self {
            Heard::Text(text, _) => readable(text),
            Heard::Binary(bytes, _) => format!("binary {}", hex(bytes)),
            Heard::Pong(bytes, _) => format!("pong frame {}", hex(bytes)),
            Heard::Closed(how, _) => format!("the connection was closed ({how})"),
        }
    }
}

/// Bytes in hex, cut when long.
pub(super) fn hex(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > 32 { format!(" … {} bytes", bytes.len()) } else { String::new() };
    format!("{}{more}", shown.join(" "))
}

impl Ws {
    pub(super) async fn open(scene: &Arc<Scene>, actor: &Arc<str>, query: &str) -> Check<Opening> {
        let target = scene.site.target(query);
        scene.sent(actor, format!("WebSocket {target}"));
        let unreachable =
            |why: String| Stop::Inconclusive(format!("cannot connect to {}: {why}", scene.site.authority));
        let opening = async {
            let tcp = TcpStream::connect(&scene.site.authority)
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            tcp.set_nodelay(true).map_err(|error| unreachable(error.to_string()))?;
            let url = format!("ws://{}{target}", scene.site.authority);
            let mut request = url.into_client_request().map_err(|error| unreachable(error.to_string()))?;
            for (name, value) in &scene.site.headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    request.headers_mut().append(name, value);
                }
            }
            // Small buffers: a run opens many connections. No server needs to send more than this.
            const MOST_BYTES: Option<usize> = Some(64 << 20);
            let config = WebSocketConfig::default()
                .read_buffer_size(4096)
                .max_message_size(MOST_BYTES)
                .max_frame_size(MOST_BYTES);
            Ok::<_, Stop>(client_async_with_config(request, tcp, Some(config)).await)
        };
        let opened = timeout(scene.patience.connect(), opening)
            .await
            .map_err(|_| unreachable("no answer".into()))??;
        Ok(match opened {
            Ok((stream, _)) => {
                scene.received(actor, "WebSocket open");
                Opening::Open(Box::new(Self {
                    scene: Arc::clone(scene),
                    actor: Arc::clone(actor),
                    stream,
                    on_tape: false,
                }))
            }
            Err(Error::Http(response)) => {
                let status = response.status().as_u16();
                let body = response.into_body().unwrap_or_default();
                let at = scene.received(actor, describe(status, &body));
                Opening::Refused(Reply { status, headers: Vec::new(), body, at })
            }
            Err(error) => {
                let at = scene.received(actor, format!("the connection was closed ({error})"));
                Opening::Refused(Reply {
                    status: 0,
                    headers: Vec::new(),
                    body: error.to_string().into_bytes(),
                    at,
                })
            }
        })
    }

    /// The same, what is said and heard from now on taken down.
    pub(super) fn on_tape(mut self) -> Self {
        self.on_tape = true;
        self
    }

    fn acts(&self, act: Act) {
        if self.on_tape {
            self.scene.acts(&self.actor, act);
        }
    }

    fn sees(&self, heard: &Check<Heard>, any: bool, within: Duration) {
        let seen = match heard {
            Ok(heard) => Some(Seen::new(heard.sight(), heard.at())),
            Err(stop) => Seen::of_stop(stop),
        };
        if let (true, Some(seen)) = (self.on_tape, seen) {
            let seen = seen.within(self.scene.patience.unscaled(within));
            self.scene.sees(&self.actor, Seen { any, ..seen });
        }
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// Never for a closed connection: that shows when listening.
    pub async fn text(&mut self, text: &str) -> Check {
        self.acts(Act::Send(vec![Item::Text(text.to_owned())]));
        self.sends_text(text).await
    }

    async fn sends_text(&mut self, text: &str) -> Check {
        self.scene.sent(&self.actor, readable(text));
        self.send(Message::text(text)).await
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// As [`Ws::text`].
    pub async fn binary(&mut self, bytes: &[u8]) -> Check {
        self.acts(Act::Send(vec![Item::Binary(bytes.to_vec())]));
        self.scene.sent(&self.actor, format!("binary {}", hex(bytes)));
        self.send(Message::binary(bytes.to_vec())).await
    }

    /// Sends a frame just as it is.
    ///
    /// # Errors
    /// As [`Ws::text`].
    pub async fn frame(&mut self, what: &str, frame: Frame) -> Check {
        let head = frame.header();
        let reserved = u8::from(head.rsv1) << 2 | u8::from(head.rsv2) << 1 | u8::from(head.rsv3);
        let (last, opcode, payload) = (head.is_final, head.opcode.into(), frame.payload().to_vec());
        self.acts(Act::Frame { last, reserved, opcode, payload });
        self.scene.sent(&self.actor, what);
        self.send(Message::Frame(frame)).await
    }

    /// Sends bytes below the WebSocket: what no library would put into a frame.
    ///
    /// # Errors
    /// As [`Ws::text`].
    pub async fn bytes(&mut self, what: &str, bytes: &[u8]) -> Check {
        self.acts(Act::Bytes(siot::Data::of(bytes)));
        self.scene.sent(&self.actor, what);
        // Whether the connection is still there shows when listening.
        let _written = self.stream.get_mut().write_all(bytes).await;
        Ok(())
    }

    /// Waits until something has come that nobody has read yet, or the time for an answer is over. It stays unread.
    pub async fn is_written_to(&mut self) {
        let within = self.scene.patience.answer();
        let _come_or_late = timeout(within, self.stream.get_mut().peek(&mut [0])).await;
    }

    /// Sends a ping frame.
    ///
    /// # Errors
    /// As [`Ws::text`].
    pub async fn ping(&mut self, data: &[u8]) -> Check {
        self.acts(Act::PingFrame(data.to_vec()));
        self.scene.sent(&self.actor, format!("ping frame {}", hex(data)));
        self.send(Message::Ping(data.to_vec().into())).await
    }

    /// Sends a close frame.
    ///
    /// # Errors
    /// As [`Ws::text`].
    pub async fn close(&mut self) -> Check {
        self.acts(Act::CloseFrame);
        self.scene.sent(&self.actor, "close frame");
        self.send(Message::Close(None)).await
    }

    async fn send(&mut self, message: Message) -> Check {
        // A connection that the server closed meanwhile is noticed by whoever listens next.
        match self.stream.send(message).await {
            Ok(())
            | Err(Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_) | Error::Protocol(_)) => {
                Ok(())
            }
            Err(error) => Err(Stop::Inconclusive(format!("cannot send: {error}"))),
        }
    }

    /// The next thing heard; a closed connection is told again and again.
    ///
    /// # Errors
    /// A violation if nothing comes in time.
    pub async fn next(&mut self) -> Check<Heard> {
        let within = self.scene.patience.answer();
        self.next_within(within).await
    }

    /// The next thing heard within the given time.
    ///
    /// # Errors
    /// A violation if nothing comes in time.
    pub async fn next_within(&mut self, within: Duration) -> Check<Heard> {
        let heard = self.listens(within).await;
        self.sees(&heard, true, within);
        heard
    }

    async fn listens(&mut self, within: Duration) -> Check<Heard> {
        timeout(within, self.hear()).await.map_err(|_| {
            let observed = format!("nothing for {:.1} s", within.as_secs_f64());
            let at = self.scene.received(&self.actor, &observed);
            Stop::violation("something on the WebSocket", observed, at)
        })
    }

    /// Waits for the next thing heard, however long it takes.
    pub(super) async fn hear(&mut self) -> Heard {
        let how = loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let at = self.scene.received(&self.actor, readable(&text));
                    return Heard::Text(text.as_str().to_owned(), at);
                }
                Some(Ok(Message::Binary(bytes))) => {
                    let at = self.scene.received(&self.actor, format!("binary {}", hex(&bytes)));
                    return Heard::Binary(bytes.to_vec(), at);
                }
                Some(Ok(Message::Pong(bytes))) => {
                    let at = self.scene.received(&self.actor, format!("pong frame {}", hex(&bytes)));
                    return Heard::Pong(bytes.to_vec(), at);
                }
                Some(Ok(Message::Ping(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(None))) => break "close frame without status".to_owned(),
                Some(Ok(Message::Close(Some(frame)))) => break format!("{CLOSE_FRAME}{}", frame.code),
                Some(Err(error)) => break error.to_string(),
                None => break "end of stream".to_owned(),
            }
        };
        let at = self.scene.received(&self.actor, format!("closed: {how}"));
        Heard::Closed(how, at)
    }

    /// Demands that the next text is this, however its JSON is written. Heartbeats are answered and passed over.
    ///
    /// # Errors
    /// A violation if something else comes, or nothing.
    pub async fn hears(&mut self, want: &str) -> Check {
        match self.next_packet().await.map_err(|stop| expecting(stop, want))? {
            Heard::Text(text, _) if self.scene.is_same(&text, want) => Ok(()),
            other => Err(Stop::violation(want, other.describe(), other.at())),
        }
    }

    /// Demands that the connection is closed, whatever is said before.
    ///
    /// # Errors
    /// A violation if it stays open.
    pub async fn closes(&mut self) -> Check {
        let within = self.scene.patience.answer();
        self.closes_within(within).await
    }

    /// As [`Ws::closes`], within the given time.
    ///
    /// # Errors
    /// As [`Ws::closes`].
    pub async fn closes_within(&mut self, within: Duration) -> Check {
        const WANT: &str = "the WebSocket is closed";
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Heard::Closed(..) =
                self.next_packet_within(left).await.map_err(|stop| expecting(stop, WANT))?
            {
                return Ok(());
            }
        }
    }

    /// The next thing heard that is no heartbeat; heartbeats are answered.
    ///
    /// # Errors
    /// A violation if nothing comes in time.
    pub async fn next_packet(&mut self) -> Check<Heard> {
        let within = self.scene.patience.answer();
        self.next_packet_within(within).await
    }

    pub(crate) async fn next_packet_within(&mut self, within: Duration) -> Check<Heard> {
        let heard = self.listens_for_packet(within).await;
        self.sees(&heard, false, within);
        heard
    }

    async fn listens_for_packet(&mut self, within: Duration) -> Check<Heard> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.listens(left).await? {
                Heard::Text(text, _) if text.starts_with('2') => self.sends_text("3").await?,
                // A noop means nothing; that none is sent here is a rule of its own.
                Heard::Text(text, _) if text == "6" || self.scene.is_strange(&text) => {}
                heard => return Ok(heard),
            }
        }
    }
}

impl Drop for Ws {
    fn drop(&mut self) {
        self.acts(Act::Drop);
    }
}
