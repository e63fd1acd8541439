//! Coming back after the loss of a connection.

use siospec_codec::json::Json;

use super::Hub;
use crate::{
    engine::signals::Reason,
    fault::Fault,
    socket::{
        namespace::{NamespaceId, SessionId, SocketRef, Ticket},
        packet,
        recovery::{Lost, Restored},
    },
};

impl Hub {
    /// The session that a client comes back for, by what it says of it in the payload of CONNECT.
    pub(super) fn restored(&mut self, namespace: NamespaceId, auth: Option<&str>) -> Option<Restored> {
        self.recovery.as_ref()?;
        let auth = Json::parse(auth?).ok()?;
        let text = |name| auth.get(name).and_then(Json::as_json_str).map(|text| text.unescape());
        let pid = text("pid")?;
        if self.config.faulty(Fault::ConnectedRecovered)
            && let Some(connected) = self.connected(namespace, &pid)
        {
            return Some(connected);
        }
        let recovery = self.recovery.as_mut()?;
        recovery.restore(&self.config, namespace, &pid, text("offset").as_deref(), self.now)
    }

    /// The session of a client that is connected, as if it were lost; only with a fault.
    fn connected(&self, namespace: NamespaceId, pid: &str) -> Option<Restored> {
        let mut sockets = self.namespace(namespace).sockets.iter();
        let (key, _) =
            sockets.find(|(_, socket)| socket.ticket.as_ref().is_some_and(|ticket| ticket.pid == pid))?;
        let session = self.lost(SocketRef { namespace, key: *key }, Reason::TransportClose)?;
        Some(Restored { session, missed: Vec::new() })
    }

    /// Joins as the socket that was lost. What it missed comes before the answer to its CONNECT, as from socket.io
    /// 4.8, whose clients keep it until they are connected.
    pub(super) fn rejoin(
        &mut self,
        session: SessionId,
        namespace: NamespaceId,
        auth: Option<String>,
        restored: Restored,
    ) {
        let Restored { session: lost, missed } = restored;
        let id = match self.config.fault {
            Some(Fault::RecoveredUnderNewId) => self.sids.socket(),
            _ => lost.sid,
        };
        let pid = match self.config.fault {
            Some(Fault::RecoveredUnderNewPid) => self.sids.socket(),
            _ => lost.pid,
        };
        let confirmation =
            packet::connected(&self.config, &self.namespaces[namespace.0].name, &id, Some(&pid));
        let socket = self.add_socket(session, namespace, id, auth.unwrap_or_else(|| "{}".to_owned()));
        if !self.config.faulty(Fault::RecoveredWithoutRooms) {
            let rooms = &mut self.namespaces[namespace.0].rooms;
            lost.rooms.iter().for_each(|room| rooms.join(socket.key, room));
        }
        let (without_data, last) = (self.config.faulty(Fault::RecoveredWithoutData), lost.last);
        if let Some(it) = self.socket_mut(socket) {
            it.ticket = Some(Box::new(Ticket { pid, last, recovered: true }));
            if !without_data {
                it.data = lost.data;
            }
        }
        missed.into_iter().for_each(|outgoing| self.send(session, outgoing));
        self.send(session, confirmation);
        self.app.clone().on_connection(self, socket);
    }

    /// What a new socket needs to come back.
    pub(super) fn new_ticket(&mut self, id: &str, auth: &str) -> Option<Box<Ticket>> {
        self.recovery.as_ref()?;
        let named = || {
            let auth = Json::parse(auth).ok()?;
            Some(auth.get("pid")?.as_json_str()?.unescape().into_owned())
        };
        let pid = match self.config.fault {
            Some(Fault::PidIsSid) => id.to_owned(),
            Some(Fault::ForeignPidAdopted) => named().unwrap_or_else(|| self.sids.socket()),
            _ => self.sids.socket(),
        };
        Some(Box::new(Ticket { pid, ..Ticket::default() }))
    }

    /// What is to be remembered of a socket that goes, if it may come back.
    pub(super) fn lost(&self, socket: SocketRef, reason: Reason) -> Option<Lost> {
        let it = self.socket(socket)?;
        let ticket = it.ticket.as_ref().filter(|_| self.may_return(reason))?;
        Some(Lost {
            namespace: socket.namespace,
            sid: it.id.clone(),
            pid: ticket.pid.clone(),
            rooms: self
                .namespace(socket.namespace)
                .rooms
                .of(socket.key)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            data: it.data.clone(),
            last: ticket.last,
            recovered: ticket.recovered,
        })
    }

    pub(super) fn lose(&mut self, lost: Lost) {
        if let Some(recovery) = &mut self.recovery {
            recovery.lose(lost, self.now);
        }
    }

    /// A socket goes for good.
    pub(super) fn end(&mut self, socket: SocketRef) {
        let pid = self.socket(socket).and_then(|it| it.ticket.as_ref()).map(|ticket| ticket.pid.clone());
        if let Some((recovery, pid)) = self.recovery.as_mut().zip(pid) {
            recovery.end(&pid);
        }
    }

    /// Whether who went for this reason may come back: not who was told to go, or said that it goes, and not who spoke
    /// no Engine.IO (the reasons of socket.io 4.8).
    fn may_return(&self, reason: Reason) -> bool {
        match reason {
            Reason::ClientLeft => self.config.faulty(Fault::LeaverRecovered),
            Reason::ServerLeft => self.config.faulty(Fault::RemovedRecovered),
            Reason::ParseError => false,
            Reason::PingTimeout => !self.config.faulty(Fault::TimeoutNotRecovered),
            Reason::TransportClose | Reason::TransportError | Reason::ForcedClose | Reason::ShuttingDown => {
                true
            }
        }
    }
}
