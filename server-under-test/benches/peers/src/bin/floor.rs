//! What system calls alone cost: one epoll loop that unmasks, copies and writes frames. It knows no protocol, no limits
//! and no errors: a yardstick, not a server.

use std::{
    collections::HashMap,
    error::Error,
    io::{Read as _, Write as _},
    net::Ipv4Addr,
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

const LISTENER: Token = Token(0);
const OPEN: &[u8] =
    br#"0{"sid":"abcdefghijklmnopqrst","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
const CONNECTED: &[u8] = br#"40{"sid":"abcdefghijklmnopqrst"}"#;
/// How a request to broadcast begins, and what is broadcast begins with instead.
const BROADCAST: (&[u8], &[u8]) = (br#"42["broadcast","#, br#"42["news","#);
const MESSAGE: (&[u8], &[u8]) = (br#"42["message","#, br#"42["message-back","#);

fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let mut source = mio::net::TcpListener::from_std(listener.try_clone()?);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut source, LISTENER, Interest::READABLE)?;
    let mut connections: HashMap<Token, TcpStream> = HashMap::new();
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 64 << 10];
    let mut next = 1;
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            let token = event.token();
            if token == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    let Some(mut stream) = shake_hands(stream) else { continue };
                    let token = Token(next);
                    next += 1;
                    poll.registry().register(&mut stream, token, Interest::READABLE)?;
                    connections.insert(token, stream);
                }
                continue;
            }
            let read = match connections.get_mut(&token).map(|stream| stream.read(&mut buffer)) {
                Some(Ok(0) | Err(_)) | None => {
                    connections.remove(&token);
                    continue;
                }
                Some(Ok(read)) => read,
            };
            let (answer, broadcast) = answer(&mut buffer[..read]);
            if let Some(stream) = connections.get_mut(&token).filter(|_| !answer.is_empty()) {
                let _ = stream.write(&answer);
            }
            if !broadcast.is_empty() {
                for stream in connections.values_mut() {
                    let _ = stream.write(&broadcast);
                }
            }
        }
    }
}

fn shake_hands(stream: std::net::TcpStream) -> Option<TcpStream> {
    stream.set_nonblocking(false).ok()?;
    stream.set_nodelay(true).ok()?;
    tungstenite::accept(stream.try_clone().ok()?).ok()?;
    stream.set_nonblocking(true).ok()?;
    let mut stream = TcpStream::from_std(stream);
    let mut open = Vec::new();
    add_frame(&mut open, OPEN, &[]);
    stream.write_all(&open).ok()?;
    Some(stream)
}

/// What goes back to the sender, and what goes to everybody.
fn answer(mut bytes: &mut [u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut answer, mut broadcast) = (Vec::new(), Vec::new());
    while bytes.len() >= 6 {
        let (length, head) = match bytes[1] & 0x7f {
            126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            length => (usize::from(length), 2),
        };
        let Some((frame, rest)) = bytes.split_at_mut_checked(head + 4 + length) else { break };
        let (head, payload) = frame.split_at_mut(head + 4);
        let mask = &head[head.len() - 4..];
        payload.iter_mut().enumerate().for_each(|(index, byte)| *byte ^= mask[index & 3]);
        if payload.starts_with(b"40") {
            add_frame(&mut answer, CONNECTED, &[]);
        } else if let Some(data) = payload.strip_prefix(MESSAGE.0) {
            add_frame(&mut answer, MESSAGE.1, data);
        } else if let Some(data) = payload.strip_prefix(BROADCAST.0) {
            add_frame(&mut broadcast, BROADCAST.1, data);
        }
        bytes = rest;
    }
    (answer, broadcast)
}

fn add_frame(out: &mut Vec<u8>, head: &[u8], tail: &[u8]) {
    let length = head.len() + tail.len();
    out.push(0x81);
    match u8::try_from(length).ok().filter(|length| *length < 126) {
        Some(length) => out.push(length),
        None => {
            out.push(126);
            out.extend(u16::try_from(length).expect("the load has short messages").to_be_bytes());
        }
    }
    out.extend(head);
    out.extend(tail);
}
