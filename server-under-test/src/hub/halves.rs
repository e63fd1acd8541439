//! What lost connections had begun to say, kept for the next ones; only with a fault.

use super::Hub;
use crate::{fault::Fault, socket::namespace::SessionId};

impl Hub {
    /// Keeps what a connection has begun to say for the next one with the same payload of CONNECT.
    pub(super) fn keep_half(&mut self, session: SessionId) {
        if !self.config.faulty(Fault::HalfPacketsSurvive) {
            return;
        }
        let Some(connection) = self.connections.get_mut(&session) else { return };
        let Some(socket) = connection.client.sockets().first().copied() else { return };
        let half = connection.client.take_half();
        let auth = self.socket(socket).map(|socket| socket.auth.clone()).filter(|auth| auth != "{}");
        self.halves.extend(auth.zip(half));
    }

    /// Lets a connection go on where the last one with the same payload broke off.
    pub(super) fn go_on_with_half(&mut self, session: SessionId, auth: &str) {
        // Empty without the fault.
        if let Some(half) = self.halves.remove(auth)
            && let Some(connection) = self.connections.get_mut(&session)
        {
            connection.client.go_on_with(half);
        }
    }
}
