//! A client that notes what it does and what it hears.

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{Clock, support::Failure};

/// How many rooms there are.
pub(crate) const ROOMS: usize = 100;
/// Rooms that one client is in at a time.
const MAX_ROOMS: usize = 3;
const OPEN: u64 = u64::MAX;

/// A stay in a room: when it was asked for and confirmed, and when its end was.
#[derive(Debug, Clone)]
pub(crate) struct Stay {
    pub(crate) room: usize,
    pub(crate) asked: u64,
    pub(crate) confirmed: u64,
    /// When the end was asked for; `u64::MAX` until then.
    pub(crate) left: u64,
    pub(crate) gone: u64,
}

impl Stay {
    pub(crate) fn is_over(&self) -> bool {
        self.gone != OPEN
    }
}

/// An event for a room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    pub(crate) number: u64,
    pub(crate) room: usize,
    pub(crate) sent: u64,
    pub(crate) confirmed: u64,
}

pub(crate) struct Client {
    pub(crate) number: usize,
    at: SocketAddr,
    clock: Arc<Clock>,
    /// None while the connection is lost.
    ws: Option<WebSocketStream<TcpStream>>,
    sid: String,
    pid: String,
    offset: String,
    /// What was confirmed to its sender before this has been heard.
    settled: u64,
    next_ack: u64,
    next_event: u64,
    random: u64,
    pub(crate) stays: Vec<Stay>,
    pub(crate) said: Vec<Said>,
    /// Sender and number of what it heard, in order.
    pub(crate) heard: Vec<(usize, u64)>,
    /// Those of them that were sent again.
    pub(crate) replayed: HashSet<(usize, u64)>,
    pub(crate) recovered: u64,
    pub(crate) not_recovered: u64,
}

impl Client {
    pub(crate) async fn connect(number: usize, at: SocketAddr, clock: Arc<Clock>) -> Result<Self, Failure> {
        let ws = Some(websocket(at).await?);
        let mut client = Self {
            number,
            at,
            clock,
            ws,
            sid: String::new(),
            pid: String::new(),
            offset: String::new(),
            settled: 0,
            next_ack: 0,
            next_event: 0,
            random: number as u64 * 0x9e37_79b9_7f4a_7c15 + 1,
            stays: Vec::new(),
            said: Vec::new(),
            heard: Vec::new(),
            replayed: HashSet::new(),
            recovered: 0,
            not_recovered: 0,
        };
        client.join(None).await?;
        Ok(client)
    }

    /// Does one thing.
    pub(crate) async fn act(&mut self, turn: usize) -> Result<(), Failure> {
        let room = self.random(ROOMS);
        let open = self.stays.iter().filter(|stay| !stay.is_over()).count();
        match self.random(20) {
            0..=4 if open < MAX_ROOMS => self.enter(room).await,
            5..=7 if open > 0 => self.leave().await,
            8 => self.drop_and_come_back().await,
            _ if turn == 0 => self.enter(room).await,
            _ => self.say(room).await,
        }
    }

    /// Waits until it has heard all that the server sent it so far. What it hears last has an offset, so that nothing of
    /// this round is sent again in the next.
    pub(crate) async fn catch_up(&mut self) -> Result<(), Failure> {
        self.ws()?.send(Message::text(r#"42["message",0]"#)).await?;
        loop {
            let packet = self.packet().await?;
            self.hear(&packet)?;
            if packet.starts_with(r#"42["message-back","#) {
                return Ok(());
            }
        }
    }

    async fn enter(&mut self, room: usize) -> Result<(), Failure> {
        if self.stays.iter().any(|stay| stay.room == room && !stay.is_over()) {
            return Ok(());
        }
        let asked = self.clock.tick();
        self.ask("do", json!({"op": "join", "rooms": [name(room)]})).await?;
        let confirmed = self.clock.tick();
        self.stays.push(Stay { room, asked, confirmed, left: OPEN, gone: OPEN });
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), Failure> {
        let Some(index) = self.stays.iter().position(|stay| !stay.is_over()) else { return Ok(()) };
        self.stays[index].left = self.clock.tick();
        let room = name(self.stays[index].room);
        self.ask("do", json!({"op": "leave", "rooms": [room]})).await?;
        self.stays[index].gone = self.clock.tick();
        Ok(())
    }

    async fn say(&mut self, room: usize) -> Result<(), Failure> {
        let number = self.next_event;
        self.next_event += 1;
        let sent = self.clock.tick();
        let args = json!([self.number, number]);
        self.ask("do", json!({"op": "emit", "to": [name(room)], "event": "said", "args": args})).await?;
        self.said.push(Said { number, room, sent, confirmed: self.clock.tick() });
        Ok(())
    }

    /// Loses its connection, and comes back for what it missed once the server knows of the loss: a session that comes
    /// back for the second time before that is restored as it was the first time, as by the reference.
    async fn drop_and_come_back(&mut self) -> Result<(), Failure> {
        let sid = self.sid.clone();
        // The answer to the command may be lost with the connection.
        let how = match self.random(2) {
            0 => Message::text(r#"42["do",{"op":"drop"}]"#),
            _ => Message::Close(None),
        };
        self.ws()?.send(how).await?;
        while let Some(Ok(message)) = self.ws()?.next().await {
            if let Message::Text(packet) = message {
                self.hear(&packet)?;
            }
        }
        self.ws = None;
        self.ws = Some(websocket(self.at).await?);
        self.join(Some(json!({"pid": self.pid, "offset": self.offset}))).await?;
        if self.sid == sid {
            self.recovered += 1;
            return Ok(());
        }
        // This is somebody new.
        self.not_recovered += 1;
        let now = self.clock.tick();
        for stay in self.stays.iter_mut().filter(|stay| !stay.is_over()) {
            (stay.left, stay.gone) = (self.settled, now);
        }
        Ok(())
    }

    async fn join(&mut self, auth: Option<Value>) -> Result<(), Failure> {
        let connect = format!("40{}", auth.map(|auth| auth.to_string()).unwrap_or_default());
        self.ws()?.send(Message::text(connect)).await?;
        let before = self.heard.len();
        loop {
            let packet = self.packet().await?;
            // What was missed comes before the answer.
            self.hear(&packet)?;
            if let Some(payload) = packet.strip_prefix("40") {
                self.replayed.extend(&self.heard[before..]);
                let payload: Value = serde_json::from_str(payload)?;
                let text = |key: &str| payload[key].as_str().map(ToOwned::to_owned).ok_or("no id");
                (self.sid, self.pid) = (text("sid")?, text("pid")?);
                return Ok(());
            }
        }
    }

    /// Sends an event, and hears what comes until it is acknowledged.
    async fn ask(&mut self, event: &str, arg: Value) -> Result<(), Failure> {
        let id = self.next_ack;
        self.next_ack += 1;
        let sent = self.clock.tick();
        self.ws()?.send(Message::text(format!("42{id}{}", json!([event, arg])))).await?;
        let answer = format!("43{id}[");
        loop {
            let packet = self.packet().await?;
            match packet.strip_prefix(&answer) {
                Some(values) if values.contains("error") => return Err(packet.into()),
                Some(_) => {
                    self.settled = sent;
                    return Ok(());
                }
                None => self.hear(&packet)?,
            }
        }
    }

    fn hear(&mut self, packet: &str) -> Result<(), Failure> {
        let Some(event) = packet.strip_prefix("42") else { return Ok(()) };
        let args: Vec<Value> = serde_json::from_str(event)?;
        if let Some(offset) = args.last().and_then(Value::as_str) {
            self.offset = offset.to_owned();
        }
        if args[0] == "said" {
            let sender = args[1].as_u64().ok_or_else(|| packet.to_owned())?;
            self.heard.push((sender as usize, args[2].as_u64().ok_or_else(|| packet.to_owned())?));
        }
        Ok(())
    }

    async fn packet(&mut self) -> Result<String, Failure> {
        loop {
            let number = self.number;
            let closed = || format!("the server closed the connection of client {number}");
            match self
                .ws()?
                .next()
                .await
                .ok_or_else(closed)?
                .map_err(|error| format!("{}: {error}", closed()))?
            {
                Message::Text(text) if text == "2" => self.ws()?.send(Message::text("3")).await?,
                Message::Text(text) => return Ok(text.to_string()),
                other => return Err(format!("unexpected: {other:?}").into()),
            }
        }
    }

    fn ws(&mut self) -> Result<&mut WebSocketStream<TcpStream>, Failure> {
        self.ws.as_mut().ok_or_else(|| "not connected".into())
    }

    /// Which of so many; the same in each run (xorshift).
    fn random(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % below as u64) as usize
    }
}

/// A session without a namespace; its handshake is read.
async fn websocket(at: SocketAddr) -> Result<WebSocketStream<TcpStream>, Failure> {
    let stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    let (mut ws, _) = client_async(format!("ws://{at}/socket.io/?EIO=4&transport=websocket"), stream).await?;
    ws.next().await.ok_or("no handshake")??;
    Ok(ws)
}

fn name(room: usize) -> String {
    format!("room {room}")
}

/// What each client has to be judged by, without what is over.
pub(crate) fn forget_round(clients: &mut [Client]) {
    for client in clients {
        client.stays.retain(|stay| !stay.is_over());
        client.said.clear();
        client.heard.clear();
        client.replayed.clear();
    }
}
