//! What the actors of a transcript do.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{Actor, MOMENT, Player};
use crate::{
    siot::{Act, Data, Item},
    stage::{Data as FrameData, Frame, OpCode, Opening, Polling, Raw, Wire, Ws},
    verdict::{Check, Stop},
};

impl Player {
    /// Does something; what comes of it is on the tape.
    ///
    /// # Errors
    /// It cannot be done, or something else came of it than a scenario would want.
    pub(super) async fn act(&mut self, name: &str, act: Act, within: Option<Duration>) -> Check {
        let answer = within.unwrap_or_else(|| self.stage.patience().answer());
        match act {
            Act::Open(over) => {
                self.stage.calls_next(name);
                let wire = self.stage.session_over(over).await?;
                self.actors.insert(name.to_owned(), Actor::Client(Box::new(wire)));
            }
            Act::Handshake => {
                self.stage.calls_next(name);
                let session = self.stage.polling().await?;
                self.actors.insert(name.to_owned(), Actor::Hand(Box::new(session)));
            }
            Act::Carry(of) => {
                let session = self.session(&of)?;
                self.stage.calls_next(name);
                let wire = self.stage.carries(&session);
                self.actors.insert(name.to_owned(), Actor::Client(Box::new(wire)));
            }
            Act::Upgrade => self.client(name)?.upgrades().await?,
            Act::Mute => self.client(name)?.stops_answering(),
            Act::Send(items) => self.send(name, items).await?,
            Act::HangUp => self.client(name)?.starts_hanging_up(),
            Act::Drop => {
                // Between two polls nobody notices a loss: the next one is on its way in a moment.
                if matches!(self.actors.get(name), Some(Actor::Client(wire)) if wire.polls()) {
                    sleep(MOMENT).await;
                }
                self.actors.insert(name.to_owned(), Actor::Gone);
                // That a connection is lost is noticed a moment later.
                sleep(MOMENT).await;
            }
            Act::Request { method, query: Some(query), headers, body } => {
                self.stage.calls_next(name);
                let (headers, body) = (borrowed(&headers), body.map(bytes));
                let reply = self.stage.request_with(&method, &query, &headers, body).await;
                self.actors.insert(name.to_owned(), Actor::Requests);
                reply?;
            }
            Act::Request { method, query: None, headers, body } => {
                let session = self.session(name)?;
                let body = body.map(bytes);
                let headers = borrowed(&headers);
                match within {
                    Some(within) => session.send_within(&method, &headers, body, within).await?,
                    None => session.send(&method, &headers, body).await?,
                };
            }
            Act::Poll => drop(self.session(name)?.payload().await?),
            Act::Hold(of) => {
                let held = self.session(&of)?.hold().await?;
                self.actors.insert(name.to_owned(), Actor::Held(held));
                // What comes next goes another way, and must not overtake it.
                sleep(MOMENT).await;
            }
            Act::Begin { of, headers, first } => {
                let more: Vec<_> = headers
                    .into_iter()
                    .filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"))
                    .collect();
                let raw = self.session(&of)?.begin_post(&lines(&more), &bytes(first)).await?;
                self.actors.insert(name.to_owned(), Actor::Line(raw));
            }
            Act::Connect => {
                self.stage.calls_next(name);
                let raw = self.stage.raw().await?;
                self.actors.insert(name.to_owned(), Actor::Line(raw));
            }
            Act::Head { method, query, headers } => {
                self.line(name)?.head(&method, &query, &lines(&headers)).await?;
            }
            Act::Bytes(data) => match self.actors.get_mut(name) {
                Some(Actor::Socket(ws)) => ws.bytes("bytes below the WebSocket", &bytes(data)).await?,
                _ => self.line(name)?.body(&bytes(data)).await?,
            },
            Act::Websocket(query) => {
                self.stage.calls_next(name);
                if let Opening::Open(ws) = self.stage.websocket(&query).await? {
                    self.actors.insert(name.to_owned(), Actor::Socket(ws));
                }
            }
            Act::Frame { last, reserved, opcode, payload } => {
                let opcode = OpCode::from(opcode);
                let mut frame = Frame::message(payload, OpCode::Data(FrameData::Text), last);
                let head = frame.header_mut();
                head.opcode = opcode;
                (head.rsv1, head.rsv2, head.rsv3) = (reserved & 4 != 0, reserved & 2 != 0, reserved & 1 != 0);
                let what = match opcode {
                    OpCode::Data(FrameData::Text) => "a text frame",
                    _ => "a frame",
                };
                self.socket(name)?.frame(what, frame).await?;
            }
            Act::PingFrame(data) => self.socket(name)?.ping(&data).await?,
            Act::CloseFrame => self.socket(name)?.close().await?,
            Act::Settle => timeout(answer, self.session(name)?.settle()).await.unwrap_or(Ok(()))?,
            Act::Reset
            | Act::Finish
            | Act::Pause
            | Act::Resume
            | Act::Cork
            | Act::Uncork
            | Act::Times(..) => {
                return Err(broken(
                    "such a step is played only where an oracle decides (`oracle: …`)".into(),
                ));
            }
        }
        Ok(())
    }

    async fn send(&mut self, name: &str, items: Vec<Item>) -> Check {
        match self.actors.get_mut(name) {
            Some(Actor::Client(wire)) => wire.puts(items),
            Some(Actor::Socket(ws)) => {
                for item in items {
                    match item {
                        Item::Text(text) => ws.text(&text).await?,
                        Item::Binary(bytes) => ws.binary(&bytes).await?,
                    }
                }
            }
            _ => return Err(broken(format!("{name} has no session or WebSocket to send on"))),
        }
        Ok(())
    }

    fn client(&mut self, name: &str) -> Check<&mut Wire> {
        match self.actors.get_mut(name) {
            Some(Actor::Client(wire)) => Ok(wire),
            _ => Err(broken(format!("{name} is no client"))),
        }
    }

    fn session(&self, name: &str) -> Check<Polling> {
        match self.actors.get(name) {
            Some(Actor::Hand(session)) => Ok(Polling::clone(session)),
            _ => Err(broken(format!("{name} has no session of its own hand"))),
        }
    }

    pub(super) fn socket(&mut self, name: &str) -> Check<&mut Ws> {
        match self.actors.get_mut(name) {
            Some(Actor::Socket(ws)) => Ok(ws),
            _ => Err(broken(format!("{name} has no WebSocket"))),
        }
    }

    fn line(&mut self, name: &str) -> Check<&mut Raw> {
        match self.actors.get_mut(name) {
            Some(Actor::Line(raw)) => Ok(raw),
            _ => Err(broken(format!("{name} has no connection"))),
        }
    }

    /// An act with the values of its variables.
    pub(super) fn filled(&self, act: &Act) -> Result<Act, String> {
        let text = |text: &str| {
            self.bindings.fill(text).map_err(|name| format!("the variable ${name} has no value yet"))
        };
        let data = |data: &Data| match data {
            Data::Text(words) => text(words).map(Data::Text),
            Data::Bytes(bytes) => Ok(Data::Bytes(bytes.clone())),
        };
        let all = |headers: &[(String, String)]| {
            headers
                .iter()
                .map(|(name, value)| Ok((name.clone(), text(value)?)))
                .collect::<Result<_, String>>()
        };
        Ok(match act {
            Act::Send(items) => {
                let items = items.iter().map(|item| match item {
                    Item::Text(words) => text(words).map(Item::Text),
                    Item::Binary(bytes) => Ok(Item::Binary(bytes.clone())),
                });
                Act::Send(items.collect::<Result<_, _>>()?)
            }
            Act::Request { method, query, headers, body } => Act::Request {
                method: method.clone(),
                query: query.as_deref().map(text).transpose()?,
                headers: all(headers)?,
                body: body.as_ref().map(data).transpose()?,
            },
            Act::Begin { of, headers, first } => {
                Act::Begin { of: of.clone(), headers: all(headers)?, first: data(first)? }
            }
            Act::Head { method, query, headers } => {
                Act::Head { method: method.clone(), query: text(query)?, headers: all(headers)? }
            }
            Act::Bytes(bytes) => Act::Bytes(data(bytes)?),
            Act::Websocket(query) => Act::Websocket(text(query)?),
            other => other.clone(),
        })
    }
}

fn broken(why: String) -> Stop {
    Stop::Inconclusive(why)
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn lines(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

fn bytes(data: Data) -> Vec<u8> {
    match data {
        Data::Text(text) => text.into_bytes(),
        Data::Bytes(bytes) => bytes,
    }
}
