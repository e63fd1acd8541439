//! Abuses a server of its own in every way that a client can, while a bystander keeps talking to it.
//!
//! ```text
//! cargo run --release -p siospec-server --example abuse [NAME…]
//! ```
//!
//! The server runs in a process of its own, with short time-outs, so that what is to be reclaimed is reclaimed soon.
//! Prints one line for each attack: how much memory the server had at most beyond what it had before, the worst echo
//! of the bystander, and how many sessions are left. Ends with 1 if sessions are left, an echo took longer than
//! 100 ms, the memory exceeded its bound, or the server ended. Linux only: the memory is read from `/proc`.

mod support;

use std::{
    env,
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _, future::join_all};
use siospec_server::Config;
use support::{Failure, body, get, memory_kib, sessions, start};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

type Outcome = Result<(), Failure>;
type Ws = WebSocketStream<TcpStream>;

const HALF_OPEN: usize = 10_000;
const SLOW: usize = 500;
const MUTE: usize = 20;
const NAMESPACES: usize = 9_000;
/// What may wait for a client that does not read.
const OUTBOX_BYTES: usize = 1 << 20;
const ECHO_LIMIT: Duration = Duration::from_millis(100);
/// What has not been reclaimed by then will not be.
const RECLAIMED_WITHIN: Duration = Duration::from_secs(30);

/// What is done, and how much memory it may cost at most, MiB.
const ATTACKS: [(&str, u64); 9] = [
    ("slow-heads", 16),
    ("slow-bodies", 32),
    ("half-open", 64),
    ("never-read", 40),
    ("resets", 32),
    ("ping-flood", 16),
    ("tiny-fragments", 16),
    ("huge-heads", 16),
    ("namespaces", 32),
];

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    if support::is_server() {
        return support::serve(settings()).await;
    }
    let chosen: Vec<String> = env::args().skip(1).collect();
    if let Some(unknown) = chosen.iter().find(|name| ATTACKS.iter().all(|(attack, _)| attack != name)) {
        let names: Vec<_> = ATTACKS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no attack is called {unknown}; there are {}", names.join(", ")).into());
    }
    println!(
        "{:<16} {:>10} {:>10} {:>12} {:>9}  verdict",
        "attack", "peak MiB", "bound", "worst echo", "sessions"
    );
    let mut status = ExitCode::SUCCESS;
    for (name, bound) in
        ATTACKS.into_iter().filter(|(name, _)| chosen.is_empty() || chosen.iter().any(|it| it == name))
    {
        // Each attack has a fresh server, so that one does not hide what another one leaves behind.
        let (mut server, at) = start().await?;
        let pid = server.id().ok_or("the server ended")?;
        let before = memory_kib(pid)? / 1024;
        let bystander = Arc::new(Bystander::default());
        let peak = Arc::new(AtomicU64::new(before));
        let echoes = tokio::spawn(bystander.clone().talk(at));
        let gauge = tokio::spawn(watch_memory(pid, peak.clone()));
        let attacked = attack(name, at).await;
        let left = reclaimed(at).await;
        bystander.enough.store(true, Ordering::Relaxed);
        let echoed = echoes.await?;
        gauge.abort();
        let cost = peak.load(Ordering::Relaxed) - before;
        let worst = Duration::from_micros(bystander.worst_us.load(Ordering::Relaxed));
        let mut wrong = Vec::new();
        attacked.unwrap_or_else(|error| wrong.push(format!("the attack failed: {error}")));
        echoed.unwrap_or_else(|error| wrong.push(format!("the bystander was lost: {error}")));
        (server.try_wait()?.is_some()).then(|| wrong.push("the server ended".to_owned()));
        (left != Some(1)).then(|| wrong.push("sessions are left".to_owned()));
        (worst > ECHO_LIMIT).then(|| wrong.push(format!("an echo took longer than {ECHO_LIMIT:?}")));
        (cost > bound).then(|| wrong.push("more memory than its bound".to_owned()));
        let left = left.map_or("?".to_owned(), |left| left.to_string());
        let verdict = if wrong.is_empty() { "ok".to_owned() } else { wrong.join("; ") };
        println!("{name:<16} {cost:>10} {bound:>10} {:>9} ms {left:>9}  {verdict}", worst.as_millis());
        if !wrong.is_empty() {
            status = ExitCode::FAILURE;
        }
        server.kill().await?;
    }
    Ok(status)
}

/// The settings of the server.
fn settings() -> Config {
    Config {
        ping_interval: Duration::from_secs(2),
        ping_timeout: Duration::from_secs(2),
        connect_timeout: Duration::from_secs(3),
        upgrade_timeout: Duration::from_secs(2),
        farewell_timeout: Duration::from_secs(2),
        head_timeout: Duration::from_secs(2),
        body_timeout: Duration::from_secs(2),
        max_outbox_bytes: OUTBOX_BYTES,
        ..Config::default()
    }
}

async fn attack(name: &str, at: SocketAddr) -> Outcome {
    match name {
        "slow-heads" => each(SLOW, |_| slowly(at, "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nX: ".to_owned())).await,
        "slow-bodies" => each(SLOW, |_| async move {
            let sid = open(at).await?;
            slowly(at, format!("POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n4")).await
        })
        .await,
        "half-open" => half_open(at).await,
        "never-read" => each(MUTE, |_| never_read(at)).await,
        "resets" => resets(at).await,
        "ping-flood" => ping_flood(at).await,
        "tiny-fragments" => tiny_fragments(at).await,
        "huge-heads" => each(50, |_| huge_head(at)).await,
        "namespaces" => namespaces(at).await,
        _ => Err("no such attack".into()),
    }
}

/// Does something so many times, side by side.
async fn each<F: Future<Output = Outcome>>(count: usize, act: impl Fn(usize) -> F) -> Outcome {
    join_all((0..count).map(act)).await.into_iter().collect()
}

/// Sends a byte from time to time, until the server has enough.
async fn slowly(at: SocketAddr, beginning: String) -> Outcome {
    let mut stream = TcpStream::connect(at).await?;
    stream.write_all(beginning.as_bytes()).await?;
    let mut answer = Vec::new();
    let (mut reading, mut writing) = stream.split();
    let dribble = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if writing.write_all(b"x").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        _ = reading.read_to_end(&mut answer) => Ok(()),
        () = dribble => Ok(()),
    }
}

/// Opens sessions that never join and never poll.
async fn half_open(at: SocketAddr) -> Outcome {
    for _ in 0..HALF_OPEN / 500 {
        each(50, |_| async move {
            let mut stream = TcpStream::connect(at).await?;
            for _ in 0..10 {
                stream
                    .write_all(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
                    .await?;
                body(&mut stream).await?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Asks for much and reads nothing, until the server closes the connection.
async fn never_read(at: SocketAddr) -> Outcome {
    let mut ws = join(at).await?;
    let event = format!(r#"42["message","{}"]"#, "x".repeat(50_000));
    while ws.feed(Message::text(&event)).await.is_ok() && ws.flush().await.is_ok() {}
    Ok(())
}

/// Resets connections in every state of a session.
async fn resets(at: SocketAddr) -> Outcome {
    let url = format!("ws://{at}/socket.io/?EIO=4&transport=websocket");
    for round in 0..100 {
        each(8, |state| {
            let url = &url;
            async move {
                let mut stream = TcpStream::connect(at).await?;
                let sid = if state >= 4 { open(at).await? } else { String::new() };
                match state {
                    0 => stream.write_all(b"GET /socket.io/?EIO=4").await?,
                    1 => stream.write_all(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n").await?,
                    2 | 3 => {
                        let (mut ws, _) = client_async(url, stream).await?;
                        if state == 3 {
                            ws.send(Message::text("40")).await?;
                            ws.next().await;
                        }
                        return reset(ws.into_inner());
                    }
                    4 => {
                        let head = format!("GET /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n");
                        stream.write_all(head.as_bytes()).await?;
                    }
                    5 => {
                        let head = format!("POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n40");
                        stream.write_all(head.as_bytes()).await?;
                    }
                    _ => {
                        let (mut ws, _) = client_async(format!("{url}&sid={sid}"), stream).await?;
                        ws.send(Message::text("2probe")).await?;
                        if state == 7 {
                            ws.next().await;
                            ws.send(Message::text("5")).await?;
                        }
                        return reset(ws.into_inner());
                    }
                }
                reset(stream)
            }
        })
        .await
        .map_err(|error| format!("round {round}: {error}"))?;
    }
    Ok(())
}

/// Ends a connection in the rudest way.
fn reset(stream: TcpStream) -> Outcome {
    Ok(stream.set_zero_linger()?)
}

async fn ping_flood(at: SocketAddr) -> Outcome {
    let mut ws = join(at).await?;
    for _ in 0..20_000 {
        ws.feed(Message::Ping("x".repeat(100).into())).await?;
    }
    // Nobody reads the answers.
    ws.flush().await?;
    Ok(())
}

/// A message that comes as fragments of one byte, and one that does not end.
async fn tiny_fragments(at: SocketAddr) -> Outcome {
    let mut stream = join(at).await?.into_inner();
    let fragment = |opcode: u8, byte: u8| [opcode, 0x81, 0, 0, 0, 0, byte];
    let mut bytes = fragment(0x01, b'4').to_vec();
    for _ in 0..200_000 {
        bytes.extend(fragment(0x00, b'2'));
    }
    stream.write_all(&bytes).await?;
    reset(stream)
}

async fn huge_head(at: SocketAddr) -> Outcome {
    let mut stream = TcpStream::connect(at).await?;
    stream.write_all(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n").await?;
    let line = format!("X-Padding: {}\r\n", "x".repeat(8000));
    while stream.write_all(line.as_bytes()).await.is_ok() {}
    Ok(())
}

/// Brings namespaces into being, all on one connection.
async fn namespaces(at: SocketAddr) -> Outcome {
    let mut ws = join(at).await?;
    for number in 0..NAMESPACES {
        ws.feed(Message::text(format!("40/dynamic-{number},"))).await?;
        if number % 100 == 99 {
            ws.flush().await?;
            // The answer and the event that the application sends.
            for _ in 0..200 {
                while is_ping(&ws.next().await.ok_or("closed")??) {
                    ws.send(Message::text("3")).await?;
                }
            }
        }
    }
    Ok(())
}

fn is_ping(message: &Message) -> bool {
    *message == Message::text("2")
}

async fn join(at: SocketAddr) -> Result<Ws, Failure> {
    let stream = TcpStream::connect(at).await?;
    let (mut ws, _) = client_async(format!("ws://{at}/socket.io/?EIO=4&transport=websocket"), stream).await?;
    ws.send(Message::text("40")).await?;
    // The handshake, the answer to CONNECT and the event that the application sends.
    for _ in 0..3 {
        ws.next().await.ok_or("closed")??;
    }
    Ok(ws)
}

/// Opens a polling session.
async fn open(at: SocketAddr) -> Result<String, Failure> {
    let body = get(at, "/socket.io/?EIO=4&transport=polling").await?;
    Ok(body.split('"').nth(3).ok_or("no open packet")?.to_owned())
}

/// The sessions that are left when nothing is reclaimed any more; 1 is that of the bystander.
async fn reclaimed(at: SocketAddr) -> Option<u64> {
    let began = Instant::now();
    loop {
        let left = sessions(at).await.ok();
        if left == Some(1) || began.elapsed() > RECLAIMED_WITHIN {
            return left;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Somebody who behaves.
#[derive(Default)]
struct Bystander {
    worst_us: AtomicU64,
    enough: AtomicBool,
}

impl Bystander {
    async fn talk(self: Arc<Self>, at: SocketAddr) -> Outcome {
        let mut ws = join(at).await?;
        let echo = Message::text(r#"42["message-back",1]"#);
        while !self.enough.load(Ordering::Relaxed) {
            let sent = Instant::now();
            ws.send(Message::text(r#"42["message",1]"#)).await?;
            loop {
                let heard = ws.next().await.ok_or("closed")??;
                if heard == echo {
                    break;
                }
                if is_ping(&heard) {
                    ws.send(Message::text("3")).await?;
                }
            }
            let us = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.worst_us.fetch_max(us, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

async fn watch_memory(pid: u32, peak: Arc<AtomicU64>) {
    while let Ok(memory) = memory_kib(pid) {
        peak.fetch_max(memory / 1024, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
