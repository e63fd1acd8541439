//! What became of the attempt to open a WebSocket.

use super::{
    http::Reply,
    websocket::{Heard, Ws},
};
use crate::verdict::{Check, Stop, expecting};

/// What became of the attempt to open a WebSocket.
#[derive(Debug)]
pub enum Opening {
    /// It is open.
    Open(Box<Ws>),
    /// The server answered with something else, or hung up.
    Refused(Reply),
}

impl Opening {
    /// The open WebSocket, as set-up.
    ///
    /// # Errors
    /// A violation if it was refused.
    pub fn open(self) -> Check<Ws> {
        match self {
            Opening::Open(ws) => Ok(*ws),
            Opening::Refused(reply) => Err(Stop::violation("an open WebSocket", reply.describe(), reply.at)),
        }
    }

    /// Demands that no session was opened: the request is refused, or the connection is closed before
    /// any packet.
    ///
    /// # Errors
    /// A violation if a packet arrives, or nothing happens.
    pub async fn is_refused(self) -> Check {
        self.refused_after(None).await
    }

    /// As [`Opening::is_refused`], with a text that we send if the WebSocket opens at first.
    ///
    /// # Errors
    /// As [`Opening::is_refused`].
    pub async fn is_refused_even_with(self, text: &str) -> Check {
        self.refused_after(Some(text)).await
    }

    async fn refused_after(self, text: Option<&str>) -> Check {
        const WANT: &str = "the WebSocket is refused, or closed before any packet";
        let Opening::Open(mut ws) = self else { return Ok(()) };
        if let Some(text) = text {
            ws.text(text).await?;
        }
        match ws.next().await.map_err(|stop| expecting(stop, WANT))? {
            Heard::Closed(..) => Ok(()),
            other => Err(Stop::violation(WANT, other.describe(), other.at())),
        }
    }
}
