//! WebSocket connections.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::{
    Request,
    header::{self, HeaderValue},
    upgrade::OnUpgrade,
};
use tokio_tungstenite::tungstenite::{handshake::derive_accept_key, protocol::frame::coding::CloseCode};

use super::{
    deflate,
    driver::Driver,
    frames::{self, Decoder, Received},
    link::{Link, Over},
    outlet::{Last, Outlet},
    response::{self, Reply},
    tamper::Tamper,
    wire::{self, Reader, Writer},
};
use crate::{
    config::Config,
    engine::{
        admission::Query,
        signals::{Input, Refusal, SocketId, Transport},
    },
    fault::Fault,
};

/// How long a peer may take to read what it is told at the end.
const LINGER: Duration = Duration::from_millis(1000);
/// The same while the server stops.
const STOPPING_LINGER: Duration = Duration::from_millis(100);
/// What one read takes at most.
const READ_BUFFER_BYTES: usize = 64 << 10;
/// What is read while nobody is interested in it any more.
const DRAIN_BUFFER_BYTES: usize = 1 << 10;
/// A client that sends so many messages at a time does not wait for the answer to each.
const PIPELINED: usize = 2;

thread_local! {
    /// Where all connections of a thread are read into: they are many and mostly idle, and this one stays in the cache.
    static READ_BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Why a websocket is over.
#[derive(Debug, Clone, Copy)]
enum End {
    /// The peer sent a Close frame, which is answered so.
    ClosedByPeer(Option<CloseCode>),
    /// The connection is gone.
    Lost,
    /// The peer broke a rule.
    Failed(CloseCode),
    /// The session is done with it.
    Close,
    /// The session is done with it, but the peer does not read.
    Stuck,
    /// The session wants it gone without a goodbye.
    Cut,
}

/// Answers a websocket handshake; the websocket itself is served by a task of its own.
pub(super) fn accept<B>(
    driver: &Arc<Driver>,
    mut request: Request<B>,
    link: Option<Arc<Link>>,
    query: Query,
) -> Reply {
    let headers = request.headers();
    let has = |name, wanted: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let key = key.or_else(|| driver.config.faulty(Fault::WebsocketKeyOptional).then(String::new));
    let version =
        has(header::SEC_WEBSOCKET_VERSION, "13") || driver.config.faulty(Fault::WebsocketVersionIgnored);
    let (true, true, Some(key)) = (has(header::UPGRADE, "websocket"), version, key) else {
        return response::upgrade_refused(Refusal::BadRequest);
    };
    if headers.contains_key(header::CONTENT_LENGTH) {
        driver.config.dies_of(Fault::UpgradeWithBodyKills);
    }
    // The first protocol is chosen, as in socket.io 4.8.
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
    if offered.is_some_and(|offered| offered.len() > 1000) {
        driver.config.dies_of(Fault::SubprotocolBlanksKill);
    }
    let protocol = offered.and_then(|offered| match driver.config.faulty(Fault::SubprotocolInvented) {
        true => Some(HeaderValue::from_static("invented")),
        false => offered.split(',').next()?.trim().try_into().ok(),
    });
    let offers = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
    let is_offered = offers.filter_map(|value| value.to_str().ok()).any(deflate::is_offered);
    let deflate_from_bytes = driver.config.deflate_from_bytes.filter(|_| is_offered);
    let upgrade = hyper::upgrade::on(&mut request);
    driver.tasks.spawn(serve(driver.clone(), upgrade, link, query, deflate_from_bytes));
    let unasked = driver.config.faulty(Fault::ExtensionUnasked);
    response::switching(
        &key,
        protocol,
        deflate_from_bytes.map(|_| deflate::AGREED).or(unasked.then_some("unasked")),
    )
}

async fn serve(
    driver: Arc<Driver>,
    upgrade: OnUpgrade,
    link: Option<Arc<Link>>,
    query: Query,
    deflate_from_bytes: Option<usize>,
) {
    let Ok(upgraded) = upgrade.await else { return };
    let (reader, writer, mut read_already) = wire::split(upgraded);
    let socket = driver.socket_id();
    let link = match link {
        Some(link) => link,
        None => driver.open(Some(socket), query).0,
    };
    // The session has to know of it first: to a websocket that it does not know it only says goodbye.
    driver.step(&link, Input::SocketOpened(socket));
    let outlet = Outlet::new(socket, writer, deflate_from_bytes, driver.metrics.clone());
    link.attach(outlet, Instant::now());
    let decoder = Decoder::new(max_message_bytes(&driver.config), deflate_from_bytes.is_some())
        .with(driver.config.fault);
    let tamper = Tamper::new(&driver.config);
    let mut websocket = Websocket { driver, link, socket, reader, decoder, tamper, held: false };
    let end = match websocket.arrived(&mut read_already) {
        Some(end) => end,
        None => {
            drop(read_already);
            poll_fn(|cx| websocket.poll(cx)).await
        }
    };
    // On the heap, so that connections that live are small.
    Box::pin(websocket.end(end)).await;
}

fn max_message_bytes(config: &Config) -> usize {
    match config.fault {
        Some(Fault::WebsocketMaxPayloadOffByOne) => config.max_payload_bytes.saturating_sub(1),
        Some(Fault::WebsocketUnlimited) => config.max_payload_bytes.saturating_mul(64),
        _ => config.max_payload_bytes,
    }
}

/// The reading side of a websocket.
struct Websocket {
    driver: Arc<Driver>,
    link: Arc<Link>,
    socket: SocketId,
    reader: Reader,
    decoder: Decoder,
    tamper: Option<Tamper>,
    /// What the session has to say is held back, because more is expected to arrive at once.
    held: bool,
}

impl Websocket {
    /// Hands everything that arrives to the session.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        READ_BUFFER.with_borrow_mut(|buffer| {
            buffer.resize(READ_BUFFER_BYTES, 0);
            loop {
                match self.link.attend(self.socket, cx) {
                    Some(Over::Written(Last::Close)) => return Poll::Ready(End::Close),
                    Some(Over::Written(Last::Cut)) => return Poll::Ready(End::Cut),
                    Some(Over::Written(Last::Lost)) => return Poll::Ready(End::Lost),
                    Some(Over::Stuck) => return Poll::Ready(End::Stuck),
                    None => {}
                }
                let read = match self.reader.poll_read(cx, buffer) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(End::Lost),
                    Poll::Ready(Ok(read)) => read,
                    Poll::Pending => {
                        if std::mem::take(&mut self.held) {
                            self.link.write(Instant::now());
                            continue;
                        }
                        return Poll::Pending;
                    }
                };
                if let Some(end) = buffer.get_mut(..read).and_then(|bytes| self.arrived(bytes)) {
                    return Poll::Ready(end);
                }
                if self.held {
                    // Every other connection has its turn first.
                    return pin!(tokio::task::yield_now()).poll(cx).map(|()| End::Lost);
                }
            }
        })
    }

    /// Hands on what arrived; gives why nothing more will, if so.
    fn arrived(&mut self, bytes: &mut [u8]) -> Option<End> {
        // An empty frame with all reserved bits and no mask to speak of.
        if bytes == [0xf1, 0x80, 0, 0, 0, 0] {
            self.driver.config.dies_of(Fault::InvalidFirstFrameKills);
        }
        if let Some(tamper) = &mut self.tamper {
            tamper.tamper(bytes);
        }
        let mut turn = self.driver.turn(&self.link);
        let (mut messages, mut message_bytes, mut end) = (0, 0, None);
        let lost = self.driver.config.faulty(Fault::MessageOf65536Lost);
        let read = self.decoder.read(bytes, |received| match received {
            Received::Text(text) if lost && text.as_str().len() == 65_536 => {}
            Received::Text(text) => {
                messages += 1;
                message_bytes += text.as_str().len();
                turn.handle(Input::SocketText(self.socket, text));
            }
            Received::Binary(bytes) => {
                messages += 1;
                message_bytes += bytes.len();
                turn.handle(Input::SocketBinary(self.socket, bytes));
            }
            Received::Ping(payload) => self.link.pong(self.socket, payload),
            Received::Close(answer) => {
                turn.handle(Input::SocketClosed(self.socket));
                end = Some(match self.driver.config.faulty(Fault::CloseFrameUnanswered) {
                    true => End::Lost,
                    false => End::ClosedByPeer(answer),
                });
            }
        });
        self.driver.metrics.of(Transport::WebSocket).received.add(messages, message_bytes);
        if let Err(code) = read {
            turn.handle(Input::SocketFailed(self.socket));
            end = Some(End::Failed(code));
        }
        self.held = messages >= PIPELINED && !self.held && end.is_none();
        match self.held {
            true => turn.hold(),
            false => turn.finish(),
        }
        end
    }

    async fn end(mut self, mut end: End) {
        if let End::Stuck = end {
            end = self.unstick().await;
        }
        if let Some(writer) = self.link.detach(self.socket) {
            tokio::select! {
                _ = goodbye(end, &mut self.reader, writer, &mut self.decoder) => {}
                () = tokio::time::sleep(LINGER) => {}
                () = stopping(&self.driver) => {}
            }
        }
        // For a session that is done with the websocket this is no news.
        self.driver.step(&self.link, Input::SocketClosed(self.socket));
    }

    /// Gives a peer that does not read a last chance.
    async fn unstick(&mut self) -> End {
        let written = poll_fn(|cx| match self.link.attend(self.socket, cx) {
            Some(Over::Written(Last::Close)) => Poll::Ready(End::Close),
            Some(Over::Written(_)) => Poll::Ready(End::Cut),
            Some(Over::Stuck) | None => Poll::Pending,
        });
        tokio::select! {
            end = written => end,
            () = tokio::time::sleep(LINGER) => End::Cut,
            () = stopping(&self.driver) => End::Cut,
        }
    }
}

/// Ends the connection in the way it deserves, and waits for the peer to read it: data that nobody read would
/// otherwise reset the connection.
async fn goodbye(end: End, reader: &mut Reader, mut writer: Writer, decoder: &mut Decoder) -> io::Result<()> {
    let code = match end {
        End::Lost | End::Cut | End::Stuck => return Ok(()),
        End::Close => None,
        End::ClosedByPeer(code) => code,
        End::Failed(code) => Some(code),
    };
    writer.write_all(&frames::close(code)).await?;
    let mut buffer = [0; DRAIN_BUFFER_BYTES];
    let mut answered = !matches!(end, End::Close);
    while !answered {
        let read = poll_fn(|cx| reader.poll_read(cx, &mut buffer)).await?;
        let bytes = buffer.get_mut(..read).unwrap_or_default();
        let read_on = decoder.read(bytes, |received| answered |= matches!(received, Received::Close(_)));
        answered |= read == 0 || read_on.is_err();
    }
    writer.shutdown().await?;
    while poll_fn(|cx| reader.poll_read(cx, &mut buffer)).await? > 0 {}
    Ok(())
}

async fn stopping(driver: &Driver) {
    driver.stop.cancelled().await;
    tokio::time::sleep(STOPPING_LINGER).await;
}
