//! How a server closes a WebSocket, read by hand: a library does not tell status codes that must not be sent.

use std::io::Cursor;

use tokio::{io::AsyncReadExt, time::timeout};
use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, OpCode},
};

use super::{Heard, Ws};
use crate::{
    transcript::EntryId,
    verdict::{Check, Stop},
};

impl Ws {
    /// Reads by hand to the end of the connection: the status code of the close frame, if there is one.
    ///
    /// # Errors
    /// A violation if the connection does not end in time.
    pub async fn last_words(&mut self) -> Check<(Option<u16>, EntryId)> {
        let within = self.scene.patience.answer();
        let mut bytes = Vec::new();
        let ended = timeout(within, self.reads_to_the_end(&mut bytes)).await;
        let heard = match ended {
            Ok(()) => {
                let code = close_frame(&bytes).flatten();
                let how = code.map_or("no status".to_owned(), |code| format!("close frame {code}"));
                let at = self.scene.received(&self.actor, format!("closed: {how}"));
                Ok((code, at))
            }
            Err(_) => {
                let observed = format!("nothing for {:.1} s", within.as_secs_f64());
                let at = self.scene.received(&self.actor, &observed);
                Err(Stop::violation("the WebSocket is closed", observed, at))
            }
        };
        let seen = heard.as_ref().map(|(_, at)| Heard::Closed(String::new(), *at)).map_err(Clone::clone);
        self.sees(&seen, false, within);
        heard
    }

    async fn reads_to_the_end(&mut self, bytes: &mut Vec<u8>) {
        /// What a server says before its end is not that much.
        const MOST_BYTES: usize = 1 << 20;
        let stream = self.stream.get_mut();
        // A server may wait for us to end the connection, once it has answered.
        while bytes.len() < MOST_BYTES && close_frame(bytes).is_none() {
            if !matches!(stream.read_buf(bytes).await, Ok(1..)) {
                return;
            }
        }
    }
}

/// The status code of the first close frame among these frames, once it is there.
fn close_frame(bytes: &[u8]) -> Option<Option<u16>> {
    let mut cursor = Cursor::new(bytes);
    loop {
        let (header, length) = FrameHeader::parse(&mut cursor).ok()??;
        let start = usize::try_from(cursor.position()).ok()?;
        let payload = bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)?;
        if header.opcode == OpCode::Control(Control::Close) {
            return Some(payload.first_chunk().map(|code| u16::from_be_bytes(*code)));
        }
        cursor.set_position(cursor.position() + length);
    }
}

#[cfg(test)]
mod tests {
    use super::close_frame;

    #[test]
    fn the_code_of_a_close_frame_is_read_as_it_was_sent() {
        let said = b"\x81\x012\x89\x00\x88\x02\x03\xed";
        for length in 0..said.len() {
            assert_eq!(close_frame(&said[..length]), None, "{length} bytes");
        }
        assert_eq!(close_frame(said), Some(Some(1005)));
        assert_eq!(close_frame(b"\x88\x00"), Some(None));
        assert_eq!(close_frame(b"HTTP/1.1 400 Bad Request"), None);
    }
}
