//! The load: one epoll loop with many connections, which sends what it has prepared.
//!
//! It is cheap so that it is not what is measured: about as dear as the cheapest server, nearly all of it system calls.

use std::{
    error::Error,
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::client;

/// Handshakes that are under way at the same time.
const MAX_OPENING: usize = 64;
const OPEN_WITHIN: Duration = Duration::from_secs(60);

/// What clients do once they are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Each has so many messages in flight, and sends another one for each that comes back.
    Echo { in_flight: usize },
    /// The first one lets the server tell everybody, and again when everybody has been told.
    Broadcast,
    /// Nothing.
    Idle,
}

/// What clients send, and how what is counted begins.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) message: String,
    pub(crate) answer: &'static str,
}

pub(crate) struct Load {
    address: SocketAddr,
    polling: bool,
    work: Work,
    words: Words,
    frame: Vec<u8>,
    poll: Poll,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    /// Clients that have joined the namespace.
    joined: usize,
    running: bool,
    /// Messages that were counted.
    pub(crate) messages: u64,
}

struct Connection {
    stream: TcpStream,
    state: State,
    /// The beginning of what arrives.
    left: Vec<u8>,
    /// What the connection has not taken yet.
    unsent: Vec<u8>,
    /// The id of a polling session.
    sid: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    /// The handshake is under way.
    Opening,
    /// Waits for the open packet on a websocket.
    Opened,
    /// Waits to be let into the namespace.
    Joining,
    Joined,
    /// The second connection of a polling client, on which it sends.
    Posting,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

impl Load {
    /// Connects clients, and lets them join the main namespace.
    pub(crate) fn connect(
        address: SocketAddr,
        clients: usize,
        polling: bool,
        work: Work,
        words: Words,
    ) -> Result<Self> {
        let mut load = Self {
            address,
            polling,
            work,
            frame: client::frame(&words.message),
            words,
            poll: Poll::new()?,
            connections: Vec::new(),
            buffer: vec![0; 1 << 20],
            joined: 0,
            running: false,
            messages: 0,
        };
        let (mut opened, until) = (0, Instant::now() + OPEN_WITHIN);
        let mut events = Events::with_capacity(4096);
        while load.joined < clients {
            while opened < clients && opened - load.joined < MAX_OPENING {
                load.open(State::Connecting, "")?;
                if polling {
                    load.open(State::Posting, "")?;
                }
                opened += 1;
            }
            if Instant::now() > until {
                return Err(format!("only {} of {clients} clients have joined", load.joined).into());
            }
            load.turn(&mut events, Duration::from_millis(100))?;
        }
        Ok(load)
    }

    /// Does the work for a while.
    pub(crate) fn run(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        if !std::mem::replace(&mut self.running, true) {
            let (senders, each) = match self.work {
                Work::Idle => (0, 0),
                Work::Broadcast => (1, 1),
                Work::Echo { in_flight } => (self.connections.len(), in_flight),
            };
            // Every other connection of polling clients is the one on which they send.
            let step = if self.polling { 2 } else { 1 };
            for index in (0..senders).step_by(step) {
                (0..each).try_for_each(|_| self.say(index))?;
            }
        }
        let mut events = Events::with_capacity(4096);
        loop {
            let now = Instant::now();
            if now >= until {
                return Ok(());
            }
            self.turn(&mut events, (until - now).min(Duration::from_millis(100)))?;
        }
    }

    fn open(&mut self, state: State, sid: &str) -> Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        let token = Token(self.connections.len());
        self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let (left, unsent) = (Vec::new(), Vec::new());
        self.connections.push(Connection { stream, state, left, unsent, sid: sid.to_owned() });
        Ok(())
    }

    fn turn(&mut self, events: &mut Events, timeout: Duration) -> Result<()> {
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in events.iter() {
            let index = event.token().0;
            if event.is_writable() {
                self.writable(index)?;
            }
            if event.is_readable() || event.is_read_closed() {
                self.readable(index)?;
            }
        }
        Ok(())
    }

    fn writable(&mut self, index: usize) -> Result<()> {
        let connection = &mut self.connections[index];
        if connection.state == State::Connecting {
            if let Some(error) = connection.stream.take_error()? {
                return Err(error.into());
            }
            if connection.stream.peer_addr().is_err() {
                return Ok(());
            }
            connection.stream.set_nodelay(true)?;
            connection.state = State::Opening;
            let request = if self.polling { client::get("") } else { client::upgrade() };
            return self.send(index, &request);
        }
        let unsent = std::mem::take(&mut connection.unsent);
        self.send(index, &unsent)
    }

    fn send(&mut self, index: usize, bytes: &[u8]) -> Result<()> {
        let connection = &mut self.connections[index];
        let written = match connection.unsent.is_empty() && !bytes.is_empty() {
            false => 0,
            true => match connection.stream.write(bytes) {
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                // The second connection of a polling client may still be connecting.
                Err(error) if error.kind() == io::ErrorKind::NotConnected => 0,
                Err(error) => return Err(error.into()),
            },
        };
        connection.unsent.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    fn readable(&mut self, index: usize) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let connection = &mut self.connections[index];
        let kept = connection.left.len();
        buffer[..kept].copy_from_slice(&connection.left);
        connection.left.clear();
        let end = match connection.stream.read(&mut buffer[kept..]) {
            Ok(0) => {
                return Err(format!("the server closed a connection in state {:?}", connection.state).into());
            }
            Ok(read) => kept + read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => kept,
            Err(error) => return Err(error.into()),
        };
        let used = self.read(index, &buffer[..end])?;
        self.connections[index].left.extend_from_slice(&buffer[used..end]);
        self.buffer = buffer;
        Ok(())
    }

    /// Handles everything that is complete; gives the bytes that it took.
    fn read(&mut self, index: usize, bytes: &[u8]) -> Result<usize> {
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            let websocket = !self.polling && self.connections[index].state != State::Opening;
            if websocket {
                let Some((payload, taken)) = client::read_frame(rest) else { return Ok(used) };
                self.packet(index, payload)?;
                used += taken;
                continue;
            }
            let Some((status, body, taken)) = client::read_response(rest) else { return Ok(used) };
            used += taken;
            match status {
                101 => self.connections[index].state = State::Opened,
                200 => self.response(index, body)?,
                _ => return Err(format!("a response with status {status}").into()),
            }
        }
    }

    fn response(&mut self, index: usize, body: &[u8]) -> Result<()> {
        if self.connections[index].state == State::Posting {
            return Ok(());
        }
        body.split(|byte| *byte == 0x1e).try_for_each(|packet| self.packet(index, packet))?;
        let poll = client::get(&self.connections[index].sid);
        self.send(index, &poll)
    }

    fn packet(&mut self, index: usize, packet: &[u8]) -> Result<()> {
        let state = &mut self.connections[index].state;
        match (*state, packet) {
            (State::Opening | State::Opened, [b'0', open @ ..]) => {
                *state = State::Joining;
                if self.polling {
                    let open: serde_json::Value = serde_json::from_slice(open)?;
                    let sid = open["sid"].as_str().ok_or("a session without an id")?;
                    sid.clone_into(&mut self.connections[index].sid);
                }
                self.tell(index, "40")
            }
            (State::Joining, [b'4', b'0', ..]) => {
                *state = State::Joined;
                self.joined += 1;
                Ok(())
            }
            (_, b"2") => self.tell(index, "3"),
            (State::Joined, packet) if packet.starts_with(self.words.answer.as_bytes()) => self.heard(index),
            _ => Ok(()),
        }
    }

    fn heard(&mut self, index: usize) -> Result<()> {
        self.messages += 1;
        match self.work {
            Work::Echo { .. } if self.running => self.say(index),
            Work::Broadcast if self.messages.is_multiple_of(self.joined as u64) => self.say(0),
            _ => Ok(()),
        }
    }

    /// Sends what the work consists of.
    fn say(&mut self, index: usize) -> Result<()> {
        if self.polling {
            let message = self.words.message.clone();
            return self.tell(index, &message);
        }
        let frame = std::mem::take(&mut self.frame);
        let sent = self.send(index, &frame);
        self.frame = frame;
        sent
    }

    fn tell(&mut self, index: usize, packet: &str) -> Result<()> {
        match self.polling {
            true => self.send(index + 1, &client::post(&self.connections[index].sid, packet)),
            false => self.send(index, &client::frame(packet)),
        }
    }
}
