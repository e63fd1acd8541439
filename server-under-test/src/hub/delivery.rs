//! Emitting to one socket and to many.

use std::time::Duration;

use bytes::Bytes;

use super::{Effect, Hub, Timer};
use crate::{
    engine::signals::Outgoing,
    fault::Fault,
    socket::{
        acks::Collected,
        audience::Audience,
        namespace::{AckPurpose, NamespaceId, SessionId, SocketKey, SocketRef},
        packet,
        value::Value,
    },
};

/// How long an event waits for a broadcast to overtake it, with the fault that wants it.
const OVERTAKING_WAIT: Duration = Duration::from_millis(400);

/// What is large, with the fault that loses it.
const LARGE_BYTES: usize = 64 << 10;

/// An event and how it is sent.
#[derive(Debug)]
pub(crate) struct Emission {
    /// A list that begins with the name of the event.
    pub(crate) args: Value,
    /// Dropped by clients' connections that cannot take it at once.
    pub(crate) volatile: bool,
    /// Who wants the acknowledgements, and how long to wait for them.
    pub(crate) ack: Option<(AckPurpose, Duration)>,
}

impl Hub {
    /// Sends an event to one socket.
    pub(crate) fn emit(&mut self, socket: SocketRef, emission: Emission) {
        let Some(session) = self.socket(socket).map(|socket| socket.session) else { return };
        let id = emission.ack.map(|ack| self.ask(socket.namespace, &[socket.key], ack));
        let name = self.namespaces[socket.namespace.0].name.clone();
        let mut outgoing = packet::event(&self.config, &name, emission.args, id);
        outgoing.volatile = emission.volatile;
        self.send(session, outgoing);
    }

    /// Sends an event on behalf of the application's commands.
    pub(crate) fn emit_overtakable(&mut self, socket: SocketRef, emission: Emission) {
        let Some(session) = self.socket(socket).map(|socket| socket.session) else { return };
        if !self.config.faulty(Fault::BroadcastOvertakes) || emission.ack.is_some() {
            return self.emit(socket, emission);
        }
        self.release_overtaken(session);
        let name = &self.namespaces[socket.namespace.0].name;
        self.overtaken.insert(session, packet::event(&self.config, name, emission.args, None));
        self.timers.set(self.now + OVERTAKING_WAIT, Timer::Release(session));
    }

    /// Sends an event to an audience in a namespace.
    pub(crate) fn broadcast(&mut self, namespace: NamespaceId, audience: Audience<'_>, emission: Emission) {
        if emission.args.as_json().len() > LARGE_BYTES && self.config.faulty(Fault::LargeBroadcastLost) {
            return;
        }
        let place = &self.namespaces[namespace.0];
        let receivers = place.audience(audience, self.config.fault);
        let mut sessions: Vec<SessionId> =
            receivers.iter().filter_map(|key| place.sockets.get(key)).map(|socket| socket.session).collect();
        let to_all = audience.to.is_empty();
        if to_all && self.config.faulty(Fault::BroadcastDeliversTwice) {
            sessions.extend_from_within(..);
        }
        if to_all && self.config.faulty(Fault::BroadcastReachesDeparted) {
            sessions.extend(place.ghosts.values().map(|ghost| ghost.session));
        }
        let id = emission.ack.map(|ack| self.ask(namespace, &receivers, ack));
        let mut deliveries = vec![(namespace, sessions)];
        deliveries.extend(self.leaks(namespace, audience));
        for (namespace, sessions) in deliveries {
            let name = self.namespaces[namespace.0].name.clone();
            let mut outgoing = packet::event(&self.config, &name, emission.args.clone(), id);
            outgoing.volatile = emission.volatile;
            for (index, session) in sessions.into_iter().enumerate() {
                let mut outgoing = outgoing.clone();
                if index > 0 && self.config.faulty(Fault::BroadcastSharesAttachments) {
                    outgoing.attachments.fill(Bytes::new());
                }
                self.effects.push_back(Effect::Send(session, outgoing));
                self.release_overtaken(session);
            }
        }
    }

    /// Where a broadcast goes that should not; nowhere without a fault.
    fn leaks(&self, from: NamespaceId, audience: Audience<'_>) -> Vec<(NamespaceId, Vec<SessionId>)> {
        let fault = match audience.to {
            [] => Fault::BroadcastCrossesNamespaces,
            _ => Fault::RoomsSharedByNamespaces,
        };
        if !self.config.faulty(fault) {
            return Vec::new();
        }
        let others = self.namespaces.iter().enumerate().filter(|(index, _)| *index != from.0);
        let others = others.map(|(index, place)| {
            let keys = place.audience(audience, self.config.fault);
            (
                NamespaceId(index),
                keys.iter().filter_map(|key| place.sockets.get(key)).map(|it| it.session).collect(),
            )
        });
        others.collect()
    }

    /// Answers an event.
    pub(crate) fn acknowledge(&mut self, socket: SocketRef, id: u64, values: Value) {
        self.acknowledge_past(socket, id, values, false);
    }

    /// Answers a command. An event that the command sent may still be waiting to be overtaken, with a fault.
    pub(crate) fn acknowledge_command(&mut self, socket: SocketRef, id: u64, answer: &Value) {
        self.acknowledge_past(socket, id, Value::list([answer]), true);
    }

    fn acknowledge_past(&mut self, socket: SocketRef, id: u64, values: Value, command: bool) {
        let Some(it) = self.namespaces[socket.namespace.0].sockets.get_mut(&socket.key) else { return };
        let session = it.session;
        let id = match self.config.fault {
            Some(Fault::AckIdOffByOne) if (1..1_000_000).contains(&id) => id + 1,
            Some(Fault::AckZeroIgnored) if id == 0 => return,
            Some(Fault::AckIdWrapsAt32Bits) => id & u64::from(u32::MAX),
            Some(Fault::AcksShareLastId) if id < 1_000_000 => *it.quirks.first_ack.get_or_insert(id),
            Some(Fault::RepeatedAckIdIgnored) if !command && it.quirks.last_ack.replace(id) == Some(id) => {
                return;
            }
            Some(Fault::EmptyAckOmitted) if values.as_json() == "[]" => return,
            _ => id,
        };
        let outgoing = packet::ack(&self.config, &self.namespaces[socket.namespace.0].name, id, values);
        match command {
            true => self.effects.push_back(Effect::Send(session, outgoing)),
            false => self.send(session, outgoing),
        }
    }

    fn ask(
        &mut self,
        namespace: NamespaceId,
        sockets: &[SocketKey],
        (purpose, wait): (AckPurpose, Duration),
    ) -> u64 {
        let acks = &mut self.namespaces[namespace.0].acks;
        let id = acks.ask(sockets.iter().copied(), purpose);
        if sockets.is_empty() && !self.config.faulty(Fault::BroadcastAckWaitsForNobody) {
            // Nobody will answer, so there is nothing to wait for.
            if let Some(Collected { responses, purpose }) = acks.expire(id) {
                self.app.clone().on_answers(self, Collected { responses, purpose }, false);
            }
        } else {
            self.timers.set(self.now + wait, Timer::Ack(namespace, id));
        }
        id
    }

    /// Sends a packet to a connection, behind everything that was sent before.
    pub(super) fn send(&mut self, session: SessionId, outgoing: Outgoing) {
        self.release_overtaken(session);
        self.effects.push_back(Effect::Send(session, outgoing));
    }

    pub(super) fn release_overtaken(&mut self, session: SessionId) {
        // Asked for every packet that is sent, and empty without the fault.
        if !self.overtaken.is_empty()
            && let Some(outgoing) = self.overtaken.remove(&session)
        {
            self.effects.push_back(Effect::Send(session, outgoing));
        }
    }
}
