//! WebSocket connections.

use std::{io, sync::Arc, time::Duration};

use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use hyper::{Request, body::Incoming, header, upgrade::OnUpgrade, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncReadExt as _, io::AsyncWriteExt as _, sync::watch};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    driver::Driver,
    link::Link,
    response::{self, Reply},
    tamper::Tampered,
};
use crate::{
    config::Config,
    engine::{
        admission::Query,
        outbox::{Frame, Text},
        signals::{Input, Refusal, SocketId, ToSocket},
    },
    fault::Fault,
};

type Stream = WebSocketStream<Tampered<TokioIo<Upgraded>>>;

/// How long a peer may take to read what it is told at the end.
const LINGER: Duration = Duration::from_millis(1000);
/// The same while the server stops.
const STOPPING_LINGER: Duration = Duration::from_millis(100);
/// Connections are many and mostly idle.
const READ_BUFFER_BYTES: usize = 4 << 10;

/// Why a websocket is over.
enum End {
    /// The peer sent a Close frame; the library has prepared the answer.
    ClosedByPeer,
    /// The connection is gone.
    Lost,
    /// The peer broke a rule.
    Failed(CloseCode),
    /// The session is done with it.
    Close,
    /// The session wants it gone without a goodbye.
    Cut,
}

/// Answers a websocket handshake; the websocket itself is served by a task of its own.
pub(super) fn accept(
    driver: &Arc<Driver>,
    mut request: Request<Incoming>,
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
    let (true, true, Some(key)) =
        (has(header::UPGRADE, "websocket"), has(header::SEC_WEBSOCKET_VERSION, "13"), key)
    else {
        return response::upgrade_refused(Refusal::BadRequest);
    };
    // The first protocol is chosen, as in socket.io 4.8.
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
    let protocol = offered.and_then(|offered| offered.split(',').next()?.trim().try_into().ok());
    let upgrade = hyper::upgrade::on(&mut request);
    driver.tasks.spawn(serve(driver.clone(), upgrade, link, query));
    response::switching(&key, protocol)
}

async fn serve(driver: Arc<Driver>, upgrade: OnUpgrade, link: Option<Arc<Link>>, query: Query) {
    let kill = driver.kill.clone();
    let served = async {
        let Ok(upgraded) = upgrade.await else { return };
        let stream = Tampered::new(&driver.config, TokioIo::new(upgraded));
        let limits = Some(limits(&driver.config));
        let websocket = WebSocketStream::from_raw_socket(stream, Role::Server, limits).await;
        let socket = driver.socket_id();
        let link = match link {
            Some(link) => link,
            None => driver.open(Some(socket), query).0,
        };
        let changes = link.changes();
        driver.step(&link, Input::SocketOpened(socket));
        run(&driver, &link, socket, websocket, changes).await;
    };
    tokio::select! {
        () = served => {}
        () = kill.cancelled() => {}
    }
}

fn limits(config: &Config) -> WebSocketConfig {
    let max_bytes = match config.fault {
        Some(Fault::WebsocketMaxPayloadOffByOne) => config.max_payload_bytes.saturating_sub(1),
        Some(Fault::WebsocketUnlimited) => config.max_payload_bytes.saturating_mul(64),
        _ => config.max_payload_bytes,
    };
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(max_bytes))
        .max_frame_size(Some(max_bytes))
}

async fn run(
    driver: &Arc<Driver>,
    link: &Arc<Link>,
    socket: SocketId,
    websocket: Stream,
    changes: watch::Receiver<()>,
) {
    let (mut sink, mut stream) = websocket.split();
    // Everything that has arrived is read before anything is written: the answers then share a system call.
    let end = tokio::select! {
        biased;
        end = read(driver, link, socket, &mut stream) => end,
        end = write(link, socket, &mut sink, changes) => end,
    };
    tokio::select! {
        () = goodbye(link, socket, end, sink, stream) => {}
        () = tokio::time::sleep(LINGER) => {}
        () = stopping(driver) => {}
    }
    // For a session that is done with the websocket this is no news.
    driver.step(link, Input::SocketClosed(socket));
}

/// Hands everything that arrives to the session.
async fn read(driver: &Driver, link: &Arc<Link>, socket: SocketId, stream: &mut SplitStream<Stream>) -> End {
    loop {
        let input = match stream.next().await {
            Some(Ok(Message::Text(text))) => Input::SocketText(socket, Text::from_bytes_lossy(text.into())),
            Some(Ok(Message::Binary(bytes))) => Input::SocketBinary(socket, bytes),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Ok(Message::Close(_))) => {
                driver.step(link, Input::SocketClosed(socket));
                return End::ClosedByPeer;
            }
            Some(Err(error)) => match code(&error) {
                Some(code) => {
                    driver.step(link, Input::SocketFailed(socket));
                    return End::Failed(code);
                }
                None => return End::Lost,
            },
            None => return End::Lost,
        };
        driver.step(link, input);
    }
}

/// What the peer is told about its mistake (RFC 6455, section 7.4.1); nothing if the connection is gone.
fn code(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Capacity(_) => Some(CloseCode::Size),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        _ => None,
    }
}

/// Sends what the session has for this websocket.
async fn write(
    link: &Link,
    socket: SocketId,
    sink: &mut SplitSink<Stream, Message>,
    mut changes: watch::Receiver<()>,
) -> End {
    loop {
        changes.mark_unchanged();
        let turn = async {
            let mut last = None;
            while last.is_none() {
                match link.poll_socket(socket) {
                    Some(ToSocket::Frame(frame)) => sink.feed(message(frame)).await?,
                    Some(ToSocket::Close) => last = Some(End::Close),
                    Some(ToSocket::Cut) => return Ok(Some(End::Cut)),
                    None => break,
                }
            }
            sink.flush().await.map(|()| last)
        };
        // A peer that does not read must not keep us from going.
        let stuck = async {
            link.ended.cancelled().await;
            tokio::time::sleep(LINGER).await;
        };
        let written: Result<Option<End>, Error> = tokio::select! {
            biased;
            written = turn => written,
            () = stuck => return End::Cut,
        };
        match written {
            Ok(Some(end)) => return end,
            Ok(None) => {}
            Err(_) => return End::Lost,
        }
        if changes.changed().await.is_err() {
            return End::Close;
        }
    }
}

fn message(frame: Frame) -> Message {
    match frame {
        Frame::Text(text) => Message::Text(text.into_bytes().try_into().expect("text is UTF-8")),
        Frame::Binary(bytes) => Message::Binary(bytes),
    }
}

/// Ends the connection in the way it deserves, and waits for the peer to read it: data that nobody read would
/// otherwise reset the connection.
async fn goodbye(
    link: &Link,
    socket: SocketId,
    end: End,
    mut sink: SplitSink<Stream, Message>,
    mut stream: SplitStream<Stream>,
) {
    match end {
        End::Lost | End::Cut => return,
        End::ClosedByPeer => {}
        End::Close => {
            if sink.send(Message::Close(None)).await.is_err() {
                return;
            }
        }
        End::Failed(code) => {
            // Answers to what came before the mistake.
            while let Some(ToSocket::Frame(frame)) = link.poll_socket(socket) {
                if sink.feed(message(frame)).await.is_err() {
                    return;
                }
            }
            let frame = CloseFrame { code, reason: "".into() };
            if sink.send(Message::Close(Some(frame))).await.is_ok()
                && let Ok(websocket) = sink.reunite(stream)
            {
                // The library reads no further.
                let _ = drain(websocket.into_inner()).await;
            }
            return;
        }
    }
    while let Some(Ok(_)) = stream.next().await {}
}

async fn drain(mut connection: Tampered<TokioIo<Upgraded>>) -> io::Result<()> {
    connection.shutdown().await?;
    let mut rest = [0; READ_BUFFER_BYTES];
    while connection.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn stopping(driver: &Driver) {
    driver.stop.cancelled().await;
    tokio::time::sleep(STOPPING_LINGER).await;
}
