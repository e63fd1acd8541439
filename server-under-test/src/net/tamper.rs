//! Faults below the websocket library: the headers of frames are changed before it reads them.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{config::Config, fault::Fault};

const FIN: u8 = 0x80;
const CONTINUATION: u8 = 0x0;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// A connection whose incoming frame headers may be tampered with; without a fault it passes everything on.
pub(super) struct Tampered<S> {
    stream: S,
    fault: Option<Fault>,
    position: Position,
}

/// Where in a frame the next byte is (RFC 6455, section 5.2).
#[derive(Clone, Copy)]
enum Position {
    Flags,
    Length,
    ExtendedLength {
        missing: u8,
        length: u64,
    },
    /// The mask and the payload.
    Rest(u64),
}

impl<S> Tampered<S> {
    pub(super) fn new(config: &Config, stream: S) -> Self {
        let faults = [Fault::WebsocketPingUnanswered, Fault::FragmentsDropped];
        Self { stream, fault: config.fault.filter(|fault| faults.contains(fault)), position: Position::Flags }
    }

    fn tamper(&mut self, fault: Fault, mut bytes: &mut [u8]) {
        while let [first, rest @ ..] = bytes {
            self.position = match self.position {
                Position::Flags => {
                    *first = changed(fault, *first);
                    Position::Length
                }
                Position::Length => match *first & 0x7f {
                    126 => Position::ExtendedLength { missing: 2, length: 0 },
                    127 => Position::ExtendedLength { missing: 8, length: 0 },
                    length => payload(u64::from(length)),
                },
                Position::ExtendedLength { missing, length } => {
                    let length = length << 8 | u64::from(*first);
                    match missing {
                        1 => payload(length),
                        _ => Position::ExtendedLength { missing: missing - 1, length },
                    }
                }
                Position::Rest(left) => {
                    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len() + 1);
                    let left = left - skipped as u64;
                    self.position = if left == 0 { Position::Flags } else { Position::Rest(left) };
                    bytes = &mut rest[skipped - 1..];
                    continue;
                }
            };
            bytes = rest;
        }
    }
}

/// Frames of clients are masked: four bytes of mask precede the payload.
fn payload(length: u64) -> Position {
    Position::Rest(length.saturating_add(4))
}

fn changed(fault: Fault, flags: u8) -> u8 {
    let opcode = flags & 0x0f;
    match fault {
        Fault::WebsocketPingUnanswered if opcode == PING => flags - PING + PONG,
        // A pong that nobody asked for is ignored.
        Fault::FragmentsDropped if opcode == CONTINUATION => FIN | PONG,
        Fault::FragmentsDropped => flags | FIN,
        _ => flags,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tampered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if let Some(fault) = self.fault {
            self.tamper(fault, &mut buf.filled_mut()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tampered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
