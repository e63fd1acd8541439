//! Joining namespaces, and leaving them.

use std::time::Duration;

use super::{Effect, Hub, MAX_NAMESPACES, Timer, wrong};
use crate::{
    app::{Admission, Applicant, Refusal},
    engine::signals::Reason,
    fault::Fault,
    socket::{
        namespace::{Namespace, NamespaceId, Quirks, SessionId, Socket, SocketKey, SocketRef},
        packet,
        recovery::Restored,
        value::{Composer, Value},
    },
};

/// How late `close-delayed` closes a connection.
const CLOSE_DELAY: Duration = Duration::from_secs(6);

impl Hub {
    pub(super) fn create_namespace(&mut self, name: &str) -> NamespaceId {
        let id = NamespaceId(self.namespaces.len());
        let namespace = Namespace::new(&self.config, name);
        self.names.insert(namespace.name.clone(), id);
        self.namespaces.push(namespace);
        id
    }

    /// The namespace that a client asks for; a dynamic one comes into being.
    fn admit_to(&mut self, name: &str) -> Option<NamespaceId> {
        if self.config.faulty(Fault::NamespaceIgnoresCase) {
            let same = self.namespaces.iter().position(|namespace| namespace.name.eq_ignore_ascii_case(name));
            if let Some(same) = same {
                return Some(NamespaceId(same));
            }
        }
        if let Some(id) = self.names.get(name) {
            let full = self.namespaces[id.0].sockets.len() == 7 && self.app.is_dynamic(name);
            return match full && self.config.faulty(Fault::DynamicMadeTwice) {
                true => Some(self.create_namespace(name)),
                false => Some(*id),
            };
        }
        if ["/__proto__", "/constructor", "/toString"].contains(&name)
            && self.config.faulty(Fault::InheritedNamespaceAccepted)
        {
            return Some(self.create_namespace(name));
        }
        if self.config.faulty(Fault::DynamicRefused) { None } else { self.create_dynamic(name) }
    }

    /// A namespace that comes into being on first use, if there is to be one of this name.
    pub(super) fn create_dynamic(&mut self, name: &str) -> Option<NamespaceId> {
        let wanted = self.app.is_dynamic(name) && self.namespaces.len() < MAX_NAMESPACES;
        wanted.then(|| self.create_namespace(name))
    }

    pub(super) fn connect(&mut self, session: SessionId, name: &str, auth: Option<String>) {
        let Some(connection) = self.connections.get(&session) else { return };
        // Old clients put the query of a namespace behind its name (Socket.IO protocol v4, "CONNECT").
        let name = match connection.is_old && !self.config.faulty(Fault::OldQueryKept) {
            true => name.split('?').next().unwrap_or(name),
            false => name,
        };
        if let Some(socket) = connection.client.socket(name) {
            let implicit = self.socket(socket).is_some_and(|socket| socket.implicit);
            if !implicit && !self.config.faulty(Fault::SecondConnectAccepted) {
                return self.close(session);
            }
            self.forget(socket);
        }
        let Some(namespace) = self.admit_to(name) else {
            if self.config.faulty(Fault::UnknownNamespaceCloses) {
                return self.close(session);
            }
            if self.config.faulty(Fault::RefusalCountsAsJoined)
                && let Some(connection) = self.connections.get(&session)
            {
                self.timers.cancel(connection.connect_timer);
            }
            let payload = match self.config.fault {
                Some(Fault::ConnectErrorAsString) => r#""Invalid namespace""#,
                _ => r#"{"message":"Invalid namespace"}"#,
            };
            let name = match self.config.fault {
                Some(Fault::ConnectErrorLacksNamespaceQuery) => name.split('?').next().unwrap_or(name),
                _ => name,
            };
            return self.send(session, packet::refused(&self.config, name, payload));
        };
        let restored = self.restored(namespace, auth.as_deref());
        if restored.is_some() && !self.config.faulty(Fault::MiddlewareRunsAgain) {
            // Who comes back was let in before.
            return self.enter(session, namespace, auth, restored);
        }
        let is_final = self.config.faulty(Fault::RefusalIsFinal);
        let Some(connection) = self.connections.get(&session) else { return };
        let applicant = Applicant {
            session,
            namespace: name,
            auth: auth.as_deref(),
            query: &connection.query,
            refused_before: is_final && connection.refusals.contains(name),
        };
        match self.app.admit(&applicant) {
            Admission::Granted => self.enter(session, namespace, auth, restored),
            Admission::Refused(refusal) => {
                if let Some(connection) = self.connections.get_mut(&session).filter(|_| is_final) {
                    connection.refusals.insert(name.to_owned());
                }
                self.refused(session, name, &refusal);
            }
            Admission::Pending => {}
        }
    }

    /// A client may join a namespace.
    pub(crate) fn admitted(&mut self, session: SessionId, namespace: NamespaceId, auth: Option<String>) {
        let name = &self.namespaces[namespace.0].name;
        // The application may have taken its time: the client may be gone by now, or have asked twice.
        if self.connections.get(&session).is_none_or(|connection| connection.client.socket(name).is_some()) {
            return;
        }
        self.enter(session, namespace, auth, None);
    }

    fn enter(
        &mut self,
        session: SessionId,
        namespace: NamespaceId,
        auth: Option<String>,
        restored: Option<Restored>,
    ) {
        if &*self.namespaces[namespace.0].name != "/"
            && self.config.faulty(Fault::MainJoinedImplicitly)
            && self.client_socket(session, "/").is_none()
        {
            self.join_silently(session, NamespaceId(0));
        }
        match restored {
            Some(restored) => self.rejoin(session, namespace, auth, restored),
            None => self.join(session, namespace, auth),
        }
    }

    /// A client may not join a namespace.
    pub(crate) fn refused(&mut self, session: SessionId, name: &str, refusal: &Refusal) {
        if !self.connections.contains_key(&session) {
            return;
        }
        self.send(session, packet::refused(&self.config, name, &self.refusal_payload(session, refusal)));
        if self.config.faulty(Fault::EventBehindRefusalHandled)
            && let Some(connection) = self.connections.get_mut(&session)
        {
            connection.client.depart(name);
        }
        self.linger_refused(session, name);
    }

    fn refusal_payload(&self, session: SessionId, refusal: &Refusal) -> String {
        let mut payload = Composer::default();
        if self.is_old(session) {
            // Old clients are told the data alone, or the message, as from socket.io 4.8.
            match &refusal.data {
                Some(data) => payload.raw(data),
                None => payload.string(&refusal.message),
            };
            return payload.finish().into_parts().0;
        }
        payload.raw(r#"{"message":"#).string(&refusal.message);
        if let Some(data) = &refusal.data
            && !self.config.faulty(Fault::MiddlewareDataDropped)
        {
            payload.raw(r#","data":"#).raw(data);
        }
        payload.raw("}").finish().into_parts().0
    }

    fn join(&mut self, session: SessionId, namespace: NamespaceId, auth: Option<String>) {
        let id = self.new_socket_id(session, namespace);
        let auth = match self.config.fault {
            Some(Fault::AuthDropped) => "{}".to_owned(),
            _ => auth.unwrap_or_else(|| "{}".to_owned()),
        };
        self.go_on_with_half(session, &auth);
        let ticket = self.new_ticket(&id, &auth);
        let pid = ticket.as_ref().map(|ticket| &*ticket.pid);
        let name = &self.namespaces[namespace.0].name;
        let confirmation = match self.is_old(session) && !self.config.faulty(Fault::OldAnswerHasPayload) {
            true => packet::connected_old(&self.config, name),
            false => packet::connected(&self.config, name, &id, pid),
        };
        let socket = self.add_socket(session, namespace, id, auth);
        self.socket_mut(socket).into_iter().for_each(|it| it.ticket = ticket.clone());
        if self.config.faulty(Fault::AuthBeforeConnect) {
            self.app.clone().on_connection(self, socket);
            return self.send(session, confirmation);
        }
        self.send(session, confirmation);
        self.app.clone().on_connection(self, socket);
        self.hand_over(socket);
    }

    /// Joins without telling anybody; only for faults.
    pub(super) fn join_silently(&mut self, session: SessionId, namespace: NamespaceId) -> SocketRef {
        let id = self.sids.socket();
        let socket = self.add_socket(session, namespace, id, "{}".to_owned());
        self.socket_mut(socket).into_iter().for_each(|socket| socket.implicit = true);
        socket
    }

    pub(super) fn add_socket(
        &mut self,
        session: SessionId,
        namespace: NamespaceId,
        id: String,
        auth: String,
    ) -> SocketRef {
        self.next_socket += 1;
        let socket = SocketRef { namespace, key: SocketKey(self.next_socket) };
        let place = &mut self.namespaces[namespace.0];
        if !self.config.faulty(Fault::OwnRoomMissing) {
            place.rooms.join(socket.key, &id);
        }
        let data = Value::json("{}");
        let quirks = Quirks::default();
        let ghosts_hear = wrong::ghosts_hear(&self.config);
        let joining = Socket { id, session, auth, data, ticket: None, implicit: false, quirks };
        place.sockets.insert(socket.key, Box::new(joining));
        place.ghosts.retain(|_, ghost| ghost.session != session || !ghosts_hear);
        let name = place.name.clone();
        if let Some(connection) = self.connections.get_mut(&session) {
            self.timers.cancel(connection.connect_timer);
            connection.client.joined(&name, socket);
        }
        socket
    }

    fn new_socket_id(&mut self, session: SessionId, namespace: NamespaceId) -> String {
        let fresh = self.sids.socket();
        let name = self.namespaces[namespace.0].name.clone();
        let Some(connection) = self.connections.get_mut(&session) else { return fresh };
        if connection.is_old {
            // Old clients take the id of their connection for their own.
            return if &*name == "/" { connection.sid.clone() } else { format!("{name}#{}", connection.sid) };
        }
        match self.config.fault {
            Some(Fault::SidSharedWithEngine) if &*name == "/" => connection.sid.clone(),
            Some(Fault::SidSharedByNamespaces) => {
                let sibling = connection.client.sockets().first().copied();
                sibling.and_then(|socket| self.socket(socket)).map_or(fresh, |socket| socket.id.clone())
            }
            Some(Fault::ReconnectSameSid) => {
                connection.former_sids.entry(name.to_string()).or_insert(fresh).clone()
            }
            _ => fresh,
        }
    }

    fn is_old(&self, session: SessionId) -> bool {
        self.connections.get(&session).is_some_and(|it| it.is_old)
    }

    fn client_socket(&self, session: SessionId, name: &str) -> Option<SocketRef> {
        self.connections.get(&session)?.client.socket(name)
    }

    /// The client sent DISCONNECT. There is no answer.
    pub(super) fn client_leaves(&mut self, socket: SocketRef) {
        let Some(session) = self.socket(socket).map(|socket| socket.session) else { return };
        if self.config.faulty(Fault::DisconnectAnswered) {
            self.send(session, packet::disconnected(&self.config, &self.namespaces[socket.namespace.0].name));
        }
        let reason = match self.config.fault {
            Some(Fault::ReasonAlwaysTransportClose) => Reason::TransportClose,
            _ => Reason::ClientLeft,
        };
        if self.config.faulty(Fault::DisconnectLeavesAll) {
            return self.remove_all(session, reason);
        }
        self.remove(socket, reason);
        if self.config.faulty(Fault::LeavingStartsTheClock)
            && let Some(connection) = self.connections.get_mut(&session)
        {
            connection.client.is_a_stranger();
            connection.connect_timer =
                self.timers.set(self.now + self.config.connect_timeout, Timer::Connect(session));
        }
    }

    /// The server removes a socket from its namespace; with `close` it leaves all of them and the connection closes.
    pub(crate) fn disconnect(&mut self, socket: SocketRef, close: bool) {
        let Some(session) = self.socket(socket).map(|socket| socket.session) else { return };
        let close = close && !self.config.faulty(Fault::DisconnectCloseStaysOpen);
        let leaving = match close || self.config.faulty(Fault::ServerDisconnectHitsAll) {
            true => self.connections.get(&session).map(|it| it.client.sockets()).unwrap_or_default(),
            false => vec![socket],
        };
        for socket in leaving {
            if !self.config.faulty(Fault::ServerDisconnectUnannounced) {
                self.send(
                    session,
                    packet::disconnected(&self.config, &self.namespaces[socket.namespace.0].name),
                );
            }
            let reason = match self.config.fault {
                Some(Fault::ReasonServerAsClient) => Reason::ClientLeft,
                _ => Reason::ServerLeft,
            };
            self.remove(socket, reason);
            if self.config.faulty(Fault::EventAfterRemovalHandled)
                && let Some(connection) = self.connections.get_mut(&session)
            {
                connection.client.depart(&self.namespaces[socket.namespace.0].name);
            }
        }
        if close && self.config.faulty(Fault::CloseDelayed) {
            self.timers.set(self.now + CLOSE_DELAY, Timer::Close(session));
        } else if close {
            self.close(session);
        }
    }

    /// The server closes a connection; what was sent before still arrives.
    pub(super) fn close(&mut self, session: SessionId) {
        if self.connections.contains_key(&session) {
            self.ended(session, Reason::ForcedClose);
            self.effects.push_back(Effect::Close(session));
        }
    }

    /// A connection is over.
    pub(super) fn ended(&mut self, session: SessionId, reason: Reason) {
        self.release_overtaken(session);
        self.keep_half(session);
        self.remove_all(session, reason);
        if let Some(connection) = self.connections.remove(&session) {
            self.timers.cancel(connection.connect_timer);
        }
        if wrong::ghosts_hear(&self.config) {
            for namespace in &mut self.namespaces {
                namespace.ghosts.retain(|_, ghost| ghost.session != session);
            }
        }
    }

    fn remove_all(&mut self, session: SessionId, reason: Reason) {
        let first_only = match reason {
            Reason::TransportClose => self.config.faulty(Fault::LossLeavesFirstOnly),
            Reason::ForcedClose => self.config.faulty(Fault::BrokenPacketLeavesFirstOnly),
            _ => false,
        };
        let mut sockets = self.connections.get(&session).map(|it| it.client.sockets()).unwrap_or_default();
        if self.config.faulty(Fault::SilentLeaverStays)
            && self.connections.get(&session).is_some_and(|it| !it.client.has_spoken())
        {
            sockets.retain(|socket| !self.app.is_dynamic(&self.namespaces[socket.namespace.0].name));
        }
        for (index, socket) in sockets.into_iter().enumerate() {
            if first_only && index > 0 {
                self.forget(socket);
            } else {
                self.remove(socket, reason);
            }
        }
    }

    fn remove(&mut self, socket: SocketRef, reason: Reason) {
        let reason = match (self.config.fault, reason) {
            (Some(Fault::ReasonPingTimeoutAsClose), Reason::PingTimeout)
            | (Some(Fault::ReasonForcedAsClose), Reason::ForcedClose)
            | (Some(Fault::ReasonParseErrorAsClose), Reason::ParseError) => Reason::TransportClose,
            (_, reason) => reason,
        };
        let lost = self.lost(socket, reason);
        if self.config.faulty(Fault::LeftWithoutRooms) {
            self.namespaces[socket.namespace.0].rooms.leave_all(socket.key);
        }
        self.app.clone().on_disconnecting(self, socket, reason);
        self.notice_loss(socket, reason);
        match lost {
            Some(lost) => self.lose(lost),
            None => self.end(socket),
        }
        self.forget(socket);
    }

    fn forget(&mut self, socket: SocketRef) {
        let namespace = &mut self.namespaces[socket.namespace.0];
        namespace.watchers.remove(&socket.key);
        let survives = self.config.faulty(Fault::RoomsSurviveDisconnect);
        if !survives {
            namespace.rooms.leave_all(socket.key);
        }
        let Some(gone) = namespace.sockets.remove(&socket.key) else { return };
        if let Some(connection) = self.connections.get_mut(&gone.session) {
            connection.client.left(&namespace.name);
        }
        if survives || self.config.faulty(Fault::BroadcastReachesDeparted) {
            namespace.ghosts.insert(socket.key, gone);
        }
    }
}
