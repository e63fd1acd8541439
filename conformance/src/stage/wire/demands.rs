//! What a case demands of a session, and how it ends one.

use std::time::Duration;

use tokio::time::Instant;

use super::Wire;
use crate::{
    stage::{
        packet::{Kind, Sio},
        pump::Piece,
        websocket::Heard,
    },
    verdict::{Check, Stop, expecting},
};

impl Wire {
    /// Demands that the next packet is this one.
    ///
    /// # Errors
    /// A violation if another comes, or none.
    pub async fn hears(&mut self, want: &Sio) -> Check {
        let (got, at) = self.next().await.map_err(|stop| expecting(stop, &want.to_string()))?;
        if got == *want { Ok(()) } else { Err(Stop::violation(want.to_string(), got.to_string(), at)) }
    }

    /// Demands that the next packets are these, in whatever order: handlers may run side by side.
    ///
    /// # Errors
    /// A violation if another comes, or one is missing.
    pub async fn hears_all(&mut self, want: &[Sio]) -> Check {
        let mut missing: Vec<&Sio> = want.iter().collect();
        while let Some(first) = missing.first() {
            let shown = first.to_string();
            let (got, at) = self.next().await.map_err(|stop| expecting(stop, &shown))?;
            match missing.iter().position(|missing| **missing == got) {
                Some(found) => drop(missing.remove(found)),
                None => return Err(Stop::violation(shown, got.to_string(), at)),
            }
        }
        Ok(())
    }

    /// Demands that the server closes the session now: with a close packet, an HTTP error, a WebSocket
    /// close, FIN or RST. It may say goodbye to namespaces first.
    ///
    /// # Errors
    /// A violation if something else comes, or nothing.
    pub async fn closes(&mut self) -> Check {
        let within = self.scene.patience.answer();
        self.closes_within(within).await
    }

    /// As [`Wire::closes`], within the given time.
    ///
    /// # Errors
    /// As [`Wire::closes`].
    pub async fn closes_within(&mut self, within: Duration) -> Check {
        const WANT: &str = "the session is closed";
        if let Some((packet, at)) = self.aside.pop_front() {
            return Err(Stop::violation(WANT, packet.to_string(), at));
        }
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next_heard_within(left).await.map_err(|stop| expecting(stop, WANT))? {
                Heard::Closed(..) => return Ok(()),
                heard => {
                    let shown = heard.describe();
                    let at = heard.at();
                    if let Some((packet, at)) =
                        self.assemble(heard).map_err(|_| Stop::violation(WANT, shown, at))?
                        && packet.kind != Kind::Disconnect
                    {
                        return Err(Stop::violation(WANT, packet.to_string(), at));
                    }
                }
            }
        }
    }

    /// As [`Wire::closes`], though this packet may come first.
    ///
    /// # Errors
    /// As [`Wire::closes`].
    pub async fn closes_after(&mut self, last: &Sio) -> Check {
        let want = format!("the session is closed, at most after {last}");
        match self.next_or_closed().await.map_err(|stop| expecting(stop, &want))? {
            None => Ok(()),
            Some((packet, _)) if packet == *last => self.closes().await,
            Some((packet, at)) => Err(Stop::violation(want, packet.to_string(), at)),
        }
    }

    /// Closes a WebSocket as a client does that leaves, and waits until it is closed.
    ///
    /// # Errors
    /// A violation if the server does not close its side.
    pub async fn hangs_up(mut self) -> Check {
        self.starts_hanging_up();
        self.closes().await
    }

    /// Closes a WebSocket as a client does that leaves.
    pub(crate) fn starts_hanging_up(&mut self) {
        self.put(vec![Piece::Close]);
    }
}
