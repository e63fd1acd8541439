//! The requests of a polling session that are in flight, and what a POST may carry.

use bytes::{Bytes, BytesMut};

use super::{
    outbox::{Frame, Text},
    signals::RequestId,
};
use crate::{config::Config, fault::Fault};

/// U+001E, between the packets of a payload (Engine.IO protocol v4, "Packet encoding").
pub(super) const SEPARATOR: char = '\u{1e}';

/// A polling client has at most one GET and one POST in flight.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    pub(super) get: Option<Held>,
    pub(super) post: Option<RequestId>,
}

/// A GET that waits for something to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) request: RequestId,
    /// It was held already when the probe of an upgrade arrived.
    pub(super) before_probe: bool,
}

/// A poll response.
pub(super) fn encode_payload<'a>(
    config: &Config,
    frames: impl ExactSizeIterator<Item = &'a Frame>,
) -> Vec<u8> {
    let trailing = frames.len() >= 3 && config.faulty(Fault::TrailingSeparator);
    let mut body = Vec::new();
    for (index, frame) in frames.enumerate() {
        if index > 0 {
            body.push(SEPARATOR as u8);
        }
        match frame {
            Frame::Text(text) => body.extend_from_slice(text.as_str().as_bytes()),
            Frame::Binary(bytes) => encode_binary(config, bytes, &mut body),
        }
    }
    if trailing {
        body.push(SEPARATOR as u8);
    }
    body
}

fn encode_binary(config: &Config, bytes: &[u8], body: &mut Vec<u8>) {
    use siospec_codec::{Encode as _, engine::Packet};
    let start = body.len();
    Packet::binary(bytes).encode(body);
    if config.faulty(Fault::Base64UrlSafe) {
        for byte in &mut body[start..] {
            match byte {
                b'+' => *byte = b'-',
                b'/' => *byte = b'_',
                _ => {}
            }
        }
        while body.last() == Some(&b'=') {
            body.pop();
        }
    }
}

/// Why the body of a POST is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// 413: larger than `maxPayload`.
    TooLarge,
    /// 411: only with a fault.
    LengthRequired,
    /// 415: only with a fault.
    ContentType,
}

/// What is known of a POST before its body: any content type is taken for text (Engine.IO protocol v4, "Headers").
///
/// # Errors
///
/// Only with a fault.
pub fn check_head(config: &Config, content_type: Option<&str>, has_length: bool) -> Result<(), BodyError> {
    let known = content_type.is_none_or(|name| name.starts_with("text/plain"));
    if !known && config.faulty(Fault::UnknownContentTypeRefused) {
        return Err(BodyError::ContentType);
    }
    if !has_length && config.faulty(Fault::ChunkedBodyRefused) {
        return Err(BodyError::LengthRequired);
    }
    Ok(())
}

/// Collects the body of a POST, of which no more than `maxPayload` bytes are kept.
#[derive(Debug)]
pub struct BodyBuffer<'a> {
    config: &'a Config,
    first: Bytes,
    all: BytesMut,
    bytes: usize,
}

impl<'a> BodyBuffer<'a> {
    /// Nothing has arrived yet.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        Self { config, first: Bytes::new(), all: BytesMut::new(), bytes: 0 }
    }

    /// A piece arrived.
    ///
    /// # Errors
    ///
    /// The body is too large; what came before is of no use.
    pub fn push(&mut self, piece: Bytes) -> Result<(), BodyError> {
        self.bytes += match self.config.fault {
            Some(Fault::MaxPayloadInCharacters) => piece.iter().filter(|byte| **byte & 0xc0 != 0x80).count(),
            _ => piece.len(),
        };
        let limit = match self.config.fault {
            Some(Fault::MaxPayloadOffByOne) => self.config.max_payload_bytes.saturating_sub(1),
            Some(Fault::PollingUnlimited) => self.config.max_payload_bytes.saturating_mul(64),
            _ => self.config.max_payload_bytes,
        };
        if self.bytes > limit {
            return Err(BodyError::TooLarge);
        }
        let piece = match self.config.fault {
            Some(Fault::SplitBodyTruncated) => Text::from_bytes_lossy(piece).into_bytes(),
            _ => piece,
        };
        if self.first.is_empty() && self.all.is_empty() {
            self.first = piece;
        } else {
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
            self.all.extend_from_slice(&piece);
        }
        Ok(())
    }

    /// The whole body.
    #[must_use]
    pub fn finish(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.freeze() }
    }
}
