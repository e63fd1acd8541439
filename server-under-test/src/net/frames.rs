//! WebSocket messages out of the bytes of a connection, and frames for messages (RFC 6455, section 5).
//!
//! The library reads and writes the headers of frames. What lies between them is put together here, because the
//! library's own connections keep a buffer each: here bytes are read into one that all connections of a thread share,
//! and one that is idle, or between two messages, keeps none.

use std::io::Cursor;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

use super::deflate;
use crate::{engine::outbox::Text, fault::Fault};

/// The longest payload of a control frame.
const MAX_CONTROL_BYTES: usize = 125;

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Text(Text),
    Binary(Bytes),
    /// To be answered with the same bytes.
    Ping(Bytes),
    /// The last that is read, and what answers it.
    Close(Option<CloseCode>),
}

/// Puts messages together.
///
/// Law: every byte of the connection goes to [`Decoder::read`], in the order it came, up to the first error.
#[derive(Debug)]
pub(super) struct Decoder {
    max_message_bytes: usize,
    /// Messages may be compressed.
    deflate: bool,
    /// The beginning of a frame.
    left: BytesMut,
    /// The beginning of a message.
    begun: Option<Box<Begun>>,
    closed: bool,
    /// The rule that is not kept, if any.
    fault: Option<Fault>,
}

#[derive(Debug)]
struct Begun {
    kind: Data,
    compressed: bool,
    payload: BytesMut,
}

/// The head of a frame that may come.
struct Head {
    is_final: bool,
    opcode: OpCode,
    compressed: bool,
    mask: [u8; 4],
    bytes: usize,
    payload_bytes: usize,
}

impl Decoder {
    pub(super) fn new(max_message_bytes: usize, deflate: bool) -> Self {
        Self { max_message_bytes, deflate, left: BytesMut::new(), begun: None, closed: false, fault: None }
    }

    /// The same, with a fault that may be one of frames.
    pub(super) fn with(self, fault: Option<Fault>) -> Self {
        Self { fault, ..self }
    }

    /// Whether a fault lets a frame pass.
    fn passes(&self, opcode: OpCode) -> bool {
        match self.fault {
            Some(Fault::LargeControlAccepted) => matches!(opcode, OpCode::Control(_)),
            Some(Fault::BinaryUnlimited) => opcode == OpCode::Data(Data::Binary),
            _ => false,
        }
    }

    /// Reads what arrived and hands on what it completes.
    ///
    /// # Errors
    ///
    /// What the client is told about its mistake (RFC 6455, section 7.4.1).
    pub(super) fn read(&mut self, bytes: &mut [u8], mut take: impl FnMut(Received)) -> Result<(), CloseCode> {
        if self.left.is_empty() {
            let used = self.frames(bytes, &mut take)?;
            self.left.extend_from_slice(bytes.get(used..).unwrap_or_default());
            return Ok(());
        }
        let mut left = std::mem::take(&mut self.left);
        left.extend_from_slice(bytes);
        let used = self.frames(&mut left, &mut take)?;
        if used < left.len() {
            left.advance(used);
            self.left = left;
        }
        Ok(())
    }

    /// Hands on every whole frame; gives the bytes they take.
    fn frames(&mut self, bytes: &mut [u8], take: &mut impl FnMut(Received)) -> Result<usize, CloseCode> {
        let mut used = 0;
        while !self.closed {
            let Some(rest) = bytes.get_mut(used..) else { break };
            let Some(head) = self.head(rest)? else { break };
            let end = head.bytes + head.payload_bytes;
            let Some(payload) = rest.get_mut(head.bytes..end) else { break };
            unmask(payload, head.mask);
            used += end;
            self.frame(&head, payload, take)?;
        }
        // What follows a Close frame is of no interest (section 5.5.1).
        Ok(if self.closed { bytes.len() } else { used })
    }

    fn head(&self, bytes: &[u8]) -> Result<Option<Head>, CloseCode> {
        let mut cursor = Cursor::new(bytes);
        let Some((header, length)) = FrameHeader::parse(&mut cursor).map_err(|_| CloseCode::Protocol)? else {
            return Ok(None);
        };
        let unmasked = || (self.fault == Some(Fault::UnmaskedAccepted)).then_some([0; 4]);
        let mask = header.mask.or_else(unmasked).ok_or(CloseCode::Protocol)?;
        // The first frame of a message says that it is compressed (RFC 7692, section 6).
        let may_be_compressed =
            matches!(header.opcode, OpCode::Data(Data::Text | Data::Binary)) && self.deflate;
        if (header.rsv1 && !may_be_compressed) || header.rsv2 || header.rsv3 {
            return Err(CloseCode::Protocol);
        }
        let begun = match (header.opcode, &self.begun) {
            (OpCode::Control(_), _)
                if !header.is_final || (length > MAX_CONTROL_BYTES as u64 && !self.passes(header.opcode)) =>
            {
                return Err(CloseCode::Protocol);
            }
            (OpCode::Data(Data::Continue), None) | (OpCode::Data(Data::Text | Data::Binary), Some(_)) => {
                return Err(CloseCode::Protocol);
            }
            (OpCode::Data(Data::Continue), Some(_)) if self.fault == Some(Fault::FragmentsUnlimited) => 0,
            (OpCode::Data(Data::Continue), Some(begun)) => begun.payload.len(),
            _ => 0,
        };
        let payload_bytes = usize::try_from(length).map_err(|_| CloseCode::Size)?;
        if payload_bytes > self.max_message_bytes.saturating_sub(begun)
            && matches!(header.opcode, OpCode::Data(_))
            && !self.passes(header.opcode)
        {
            return Err(CloseCode::Size);
        }
        let bytes = cursor.position() as usize;
        let FrameHeader { is_final, opcode, rsv1: compressed, .. } = header;
        Ok(Some(Head { is_final, opcode, compressed, mask, bytes, payload_bytes }))
    }

    fn frame(
        &mut self,
        head: &Head,
        payload: &[u8],
        take: &mut impl FnMut(Received),
    ) -> Result<(), CloseCode> {
        match head.opcode {
            OpCode::Control(Control::Ping) => take(Received::Ping(Bytes::copy_from_slice(payload))),
            OpCode::Control(Control::Close) => {
                let answer = answer_to_close(payload, self.fault == Some(Fault::CloseCodeUnchecked))?;
                self.closed = true;
                take(Received::Close(answer.filter(|_| self.fault != Some(Fault::CloseCodeNotRepeated))));
            }
            OpCode::Control(_) => {}
            OpCode::Data(kind) if head.is_final && self.begun.is_none() => {
                take(self.message(kind, head.compressed, payload)?);
            }
            OpCode::Data(kind) => {
                let begun = self.begun.get_or_insert_with(|| {
                    Box::new(Begun { kind, compressed: head.compressed, payload: BytesMut::new() })
                });
                begun.payload.extend_from_slice(payload);
                if let Some(whole) = self.begun.take_if(|_| head.is_final) {
                    take(self.message(whole.kind, whole.compressed, &whole.payload)?);
                }
            }
        }
        Ok(())
    }

    fn message(&self, kind: Data, compressed: bool, payload: &[u8]) -> Result<Received, CloseCode> {
        let unpacked = compressed.then(|| deflate::unpack(payload, self.max_message_bytes)).transpose()?;
        let payload = unpacked.as_deref().unwrap_or(payload);
        Ok(match kind {
            Data::Text if self.fault == Some(Fault::InvalidUtf8Accepted) => {
                Received::Text(Text::copied(&String::from_utf8_lossy(payload)))
            }
            Data::Text => Received::Text(text(payload)?),
            _ => Received::Binary(Bytes::copy_from_slice(payload)),
        })
    }
}

fn text(payload: &[u8]) -> Result<Text, CloseCode> {
    str::from_utf8(payload).map(Text::copied).map_err(|_| CloseCode::Invalid)
}

/// A Close frame is answered with its own code (RFC 6455, section 5.5.1), if it may be sent at all; with a fault in any case.
fn answer_to_close(payload: &[u8], unchecked: bool) -> Result<Option<CloseCode>, CloseCode> {
    match payload {
        [] => Ok(None),
        [_] => Err(CloseCode::Protocol),
        [high, low, reason @ ..] => {
            str::from_utf8(reason).map_err(|_| CloseCode::Invalid)?;
            let code = CloseCode::from(u16::from_be_bytes([*high, *low]));
            Ok(Some(if unchecked || code.is_allowed() { code } else { CloseCode::Protocol }))
        }
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = payload.as_chunks_mut();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Begins a frame that holds a whole message or control payload of this many bytes.
pub(super) fn begin(opcode: OpCode, compressed: bool, payload_bytes: usize, out: &mut Vec<u8>) {
    let header = FrameHeader { opcode, rsv1: compressed, ..FrameHeader::default() };
    header.format(payload_bytes as u64, out).expect("memory takes every byte");
}

/// A Close frame.
pub(super) fn close(code: Option<CloseCode>) -> Vec<u8> {
    let payload = code.map(|code| u16::from(code).to_be_bytes());
    let payload = payload.as_ref().map_or(&[][..], |code| &code[..]);
    let mut frame = Vec::new();
    begin(OpCode::Control(Control::Close), false, payload.len(), &mut frame);
    frame.extend_from_slice(payload);
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::{
        FrameHeader,
        coding::{CloseCode, Control, Data, OpCode},
    };

    use super::{Decoder, Received, Text, close, unmask};

    const MAX_BYTES: usize = 300;

    fn frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let header = FrameHeader { opcode, is_final, mask: Some(mask), ..FrameHeader::default() };
        let mut bytes = Vec::new();
        header.format(payload.len() as u64, &mut bytes).unwrap();
        let mut masked = payload.to_vec();
        unmask(&mut masked, mask);
        bytes.extend(masked);
        bytes
    }

    /// Everything that is read from these bytes, cut into pieces of this size.
    fn read(bytes: &[u8], piece_bytes: usize) -> (Vec<Received>, Result<(), CloseCode>) {
        let mut decoder = Decoder::new(MAX_BYTES, false);
        let mut received = Vec::new();
        for piece in bytes.chunks(piece_bytes) {
            let result = decoder.read(&mut piece.to_vec(), |it| received.push(it));
            if result.is_err() {
                return (received, result);
            }
        }
        (received, Ok(()))
    }

    const TEXT: OpCode = OpCode::Data(Data::Text);
    const CONTINUE: OpCode = OpCode::Data(Data::Continue);

    #[test]
    fn messages_are_put_together_however_they_arrive() {
        let long = "é".repeat(MAX_BYTES / 2);
        let bytes = [
            frame(TEXT, true, b"one"),
            frame(TEXT, false, "tw\u{f6}".as_bytes().split_at(3).0),
            frame(OpCode::Control(Control::Ping), true, b"hi"),
            frame(CONTINUE, false, b""),
            frame(CONTINUE, true, "tw\u{f6}".as_bytes().split_at(3).1),
            frame(OpCode::Data(Data::Binary), true, b"\xff"),
            frame(TEXT, true, long.as_bytes()),
            frame(OpCode::Control(Control::Close), true, &[3, 232, b'x']),
            b"whatever".to_vec(),
        ]
        .concat();
        for piece_bytes in [1, 2, 3, 5, 7, 50, bytes.len()] {
            let (received, result) = read(&bytes, piece_bytes);
            assert_eq!(result, Ok(()), "{piece_bytes}");
            let expected = [
                Received::Text(Text::copied("one")),
                Received::Ping("hi".into()),
                Received::Text(Text::copied("twö")),
                Received::Binary((&b"\xff"[..]).into()),
                Received::Text(Text::copied(&long)),
                Received::Close(Some(CloseCode::Normal)),
            ];
            assert_eq!(received, expected, "{piece_bytes}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let unmasked = vec![0x81, 1, b'x'];
        let reserved_bit = [&[0xc1][..], &frame(TEXT, true, b"x")[1..]].concat();
        let reserved_opcode = [&[0x83][..], &frame(TEXT, true, b"x")[1..]].concat();
        let too_long = frame(TEXT, true, &[b'x'; MAX_BYTES + 1]);
        let halves = [frame(TEXT, false, &[b'x'; MAX_BYTES]), frame(CONTINUE, true, b"x")].concat();
        let huge = vec![0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        for (bytes, code) in [
            (unmasked, CloseCode::Protocol),
            (reserved_bit, CloseCode::Protocol),
            (reserved_opcode, CloseCode::Protocol),
            (frame(CONTINUE, true, b"x"), CloseCode::Protocol),
            ([frame(TEXT, false, b"x"), frame(TEXT, true, b"x")].concat(), CloseCode::Protocol),
            (frame(OpCode::Control(Control::Ping), false, b""), CloseCode::Protocol),
            (frame(OpCode::Control(Control::Ping), true, &[0; 126]), CloseCode::Protocol),
            (frame(OpCode::Control(Control::Close), true, b"x"), CloseCode::Protocol),
            (frame(OpCode::Control(Control::Close), true, b"\x03\xe8\xff"), CloseCode::Invalid),
            (frame(TEXT, true, b"\xff"), CloseCode::Invalid),
            (too_long, CloseCode::Size),
            (halves, CloseCode::Size),
            (huge, CloseCode::Size),
        ] {
            for piece_bytes in [1, bytes.len()] {
                assert_eq!(read(&bytes, piece_bytes).1, Err(code), "{bytes:?}");
            }
        }
    }

    #[test]
    fn a_code_that_must_not_be_sent_is_not_sent_back() {
        for (code, answer) in [(1006_u16, CloseCode::Protocol), (1001, CloseCode::Away)] {
            let bytes = frame(OpCode::Control(Control::Close), true, &code.to_be_bytes());
            assert_eq!(read(&bytes, 100).0, [Received::Close(Some(answer))]);
        }
        assert_eq!(close(None), [0x88, 0]);
        assert_eq!(close(Some(CloseCode::Size)), [0x88, 2, 3, 241]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_keep_more_than_a_message(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..40),
        ) {
            let mut decoder = Decoder::new(MAX_BYTES, true);
            for mut piece in pieces {
                if decoder.read(&mut piece, drop).is_err() {
                    break;
                }
                prop_assert!(decoder.left.len() <= MAX_BYTES + 14);
            }
        }
    }
}
