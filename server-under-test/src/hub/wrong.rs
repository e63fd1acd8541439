//! What a hub does wrongly with a fault, and nothing without one.

use super::Hub;
use crate::{
    config::Config,
    engine::signals::{Outgoing, Reason},
    fault::Fault,
    socket::{
        namespace::{NamespaceId, Quirks, SessionId, Socket, SocketKey, SocketRef},
        value::Value,
    },
};

/// Whether what is sent to a whole namespace reaches those who are not in it any more, or never were.
pub(super) fn ghosts_hear(config: &Config) -> bool {
    config.faulty(Fault::BroadcastReachesDeparted) || config.faulty(Fault::RefusedHearsBroadcasts)
}

impl Hub {
    /// Who was refused by a namespace stays near it.
    pub(super) fn linger_refused(&mut self, session: SessionId, name: &str) {
        if !self.config.faulty(Fault::RefusedHearsBroadcasts) {
            return;
        }
        let Some(namespace) = self.find_namespace(name) else { return };
        self.next_socket += 1;
        let (id, auth, data) = (self.sids.socket(), "{}".to_owned(), Value::json("{}"));
        let quirks = Quirks::default();
        let ghost = Socket { id, session, auth, data, ticket: None, implicit: true, quirks };
        self.namespaces[namespace.0].ghosts.insert(SocketKey(self.next_socket), Box::new(ghost));
    }

    /// A socket goes; its rooms are still known.
    pub(super) fn notice_loss(&mut self, socket: SocketRef, reason: Reason) {
        if reason != Reason::TransportClose || self.recovery.is_some() {
            return;
        }
        match self.config.fault {
            Some(Fault::LossSilencesRoom) => {
                let id = self.socket(socket).map(|it| it.id.clone()).unwrap_or_default();
                let place = &mut self.namespaces[socket.namespace.0];
                let others_are_in = |room: &str| place.rooms.members(room).any(|member| member != socket.key);
                let rooms = place.rooms.of(socket.key).into_iter();
                let room =
                    rooms.filter(|room| *room != id).find(|room| others_are_in(room)).map(str::to_owned);
                place.just_left = room;
            }
            Some(Fault::KeptForTheNext) => {
                let app = self.app.clone();
                let place = &mut self.namespaces[socket.namespace.0];
                if app.is_dynamic(&place.name) {
                    place.kept.get_or_insert_default();
                }
            }
            _ => {}
        }
    }

    /// Something is sent to a whole namespace.
    pub(super) fn keep(&mut self, namespace: NamespaceId, outgoing: &Outgoing) {
        if let Some(kept) = &mut self.namespaces[namespace.0].kept {
            kept.push(outgoing.clone());
        }
    }

    /// A socket has joined.
    pub(super) fn hand_over(&mut self, socket: SocketRef) {
        let kept = self.namespaces[socket.namespace.0].kept.take();
        kept.into_iter().flatten().for_each(|outgoing| self.send_to(socket, outgoing));
    }

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
