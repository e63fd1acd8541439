//! Emitting to one socket and to many.

use std::{iter, time::Duration};

use bytes::Bytes;

use super::{Effect, Hub, Timer, wrong};
use crate::{
    adapter::{NodeId, Saying},
    engine::signals::{Manner, Outgoing},
    fault::Fault,
    socket::{
        acks::Collected,
        audience::Audience,
        namespace::{AckPurpose, NamespaceId, SessionId, SocketKey, SocketRef},
        packet,
        recovery::Addressees,
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
    /// How it is sent.
    pub(crate) manner: Manner,
    /// Who wants the acknowledgements, and how long to wait for them.
    pub(crate) ack: Option<(AckPurpose, Duration)>,
}

impl Hub {
    /// Sends an event to one socket.
    pub(crate) fn emit(&mut self, socket: SocketRef, emission: Emission) {
        let Some(session) = self.socket(socket).map(|socket| socket.session) else { return };
        let id = emission.ack.map(|ack| self.ask(socket.namespace, &[socket.key], &[], ack));
        let outgoing = self.event_for(socket, emission.args, emission.manner, id);
        self.send(session, outgoing);
    }

    /// An event for one socket, which it can be sent again if its connection is lost.
    pub(crate) fn event_for(
        &mut self,
        socket: SocketRef,
        args: Value,
        manner: Manner,
        id: Option<u64>,
    ) -> Outgoing {
        let only = |hub: &Self| Addressees {
            only: hub.socket(socket).map(|socket| socket.id.clone()),
            ..Addressees::default()
        };
        let (outgoing, number) = self.recorded(socket.namespace, only, args, manner, id);
        self.sent(socket, number);
        outgoing
    }

    /// Encodes an event, and keeps it for those who lose their connection; then it has a number.
    fn recorded(
        &mut self,
        namespace: NamespaceId,
        addressees: impl FnOnce(&Self) -> Addressees,
        mut args: Value,
        manner: Manner,
        id: Option<u64>,
    ) -> (Outgoing, Option<u64>) {
        let fault = self.config.fault;
        let Manner { volatile, .. } = manner;
        let lasting = !volatile && id.is_none();
        let kept = lasting
            || (volatile && fault == Some(Fault::VolatileReplayed))
            || (id.is_some() && fault == Some(Fault::AckedReplayed));
        let numbered = match fault {
            Some(Fault::VolatileHasOffset) if volatile => true,
            Some(Fault::AckedHasOffset) if id.is_some() => true,
            Some(Fault::BinaryLacksOffset) if !args.attachments().is_empty() => false,
            _ => lasting,
        };
        if numbered && let Some(recovery) = &self.recovery {
            args.push_string(&recovery.next_offset());
        }
        let mut outgoing = packet::event(&self.config, &self.namespaces[namespace.0].name, args, id);
        outgoing.manner = manner;
        if volatile && fault == Some(Fault::VolatileLacksAttachments) {
            outgoing.attachments.clear();
        }
        if !kept || self.recovery.is_none() {
            return (outgoing, None);
        }
        let addressees = addressees(self);
        let manner = Manner { volatile: false, ..manner };
        let again = Outgoing { manner, ..outgoing.clone() };
        let number =
            self.recovery.as_mut().map(|recovery| recovery.record(namespace, addressees, again, self.now));
        (outgoing, number)
    }

    /// The event of this number was sent to a socket.
    fn sent(&mut self, socket: SocketRef, number: Option<u64>) {
        let Some(number) = number else { return };
        if let Some(ticket) = self.socket_mut(socket).and_then(|socket| socket.ticket.as_mut()) {
            ticket.last = number;
        }
    }

    /// Sends an event on behalf of the application's commands.
    pub(crate) fn emit_overtakable(&mut self, socket: SocketRef, emission: Emission) {
        let Some(session) = self.socket(socket).map(|socket| socket.session) else { return };
        if !self.config.faulty(Fault::BroadcastOvertakes) || emission.ack.is_some() {
            return self.emit(socket, emission);
        }
        self.release_overtaken(session);
        let outgoing = self.event_for(socket, emission.args, emission.manner, None);
        self.overtaken.insert(session, outgoing);
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
        if to_all && wrong::ghosts_hear(&self.config) {
            sessions.extend(place.ghosts.values().map(|ghost| ghost.session));
        }
        let nodes = self.nodes_of(audience);
        let id = emission.ack.map(|ack| self.ask(namespace, &receivers, &nodes, ack));
        if self.config.cluster.is_some() {
            let (args, manner) = (emission.args.clone(), emission.manner);
            let ack = id.zip(emission.ack.map(|(_, wait)| wait));
            self.tell_nodes(namespace, audience, |chosen| Saying::Emit { chosen, args, manner, ack });
        }
        let leaks = self.leaks(namespace, audience);
        let leaks = leaks.into_iter().map(|(namespace, sessions)| {
            let name = &self.namespaces[namespace.0].name;
            (packet::event(&self.config, name, emission.args.clone(), id), sessions)
        });
        let leaks: Vec<_> = leaks.collect();
        let addressees = |hub: &Self| Addressees {
            only: None,
            to: audience.to.to_vec(),
            except: audience.except.to_vec(),
            without: audience
                .without
                .and_then(|key| hub.socket(SocketRef { namespace, key }).map(|socket| socket.id.clone())),
        };
        let (outgoing, number) = self.recorded(namespace, addressees, emission.args, emission.manner, id);
        if to_all {
            self.keep(namespace, &outgoing);
        }
        if number.is_some() {
            receivers.iter().for_each(|key| self.sent(SocketRef { namespace, key: *key }, number));
        }
        for (outgoing, sessions) in iter::once((outgoing, sessions)).chain(leaks) {
            let last = sessions.len().saturating_sub(1);
            for (index, session) in sessions.into_iter().enumerate() {
                let mut outgoing = outgoing.clone();
                // Not the first: who that is depends on who is left from before.
                if last > 0 && index == last && self.config.faulty(Fault::BroadcastSharesAttachments) {
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

    fn acknowledge_past(&mut self, socket: SocketRef, id: u64, mut values: Value, command: bool) {
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
            Some(Fault::AckHasOffset) if id < 1_000_000 && values.as_json() != "[]" => {
                self.recovery.iter().for_each(|recovery| values.push_string(&recovery.next_offset()));
                id
            }
            _ => id,
        };
        let outgoing = packet::ack(&self.config, &self.namespaces[socket.namespace.0].name, id, values);
        match command {
            true => self.effects.push_back(Effect::Send(session, outgoing)),
            false => self.send(session, outgoing),
        }
    }

    pub(super) fn ask(
        &mut self,
        namespace: NamespaceId,
        sockets: &[SocketKey],
        nodes: &[NodeId],
        (purpose, wait): (AckPurpose, Duration),
    ) -> u64 {
        let acks = &mut self.namespaces[namespace.0].acks;
        let id = acks.ask(sockets.iter().copied(), nodes.iter().copied(), purpose);
        if let AckPurpose::Node(node, question) = purpose {
            self.tell(Some(node), namespace, Saying::Asked { question, clients: sockets.len() });
        }
        let nobody = sockets.is_empty() && nodes.is_empty();
        if nobody && !self.config.faulty(Fault::BroadcastAckWaitsForNobody) {
            // Nobody will answer, so there is nothing to wait for.
            let collected = self.namespaces[namespace.0].acks.expire(id);
            self.answered(collected, false);
        } else {
            self.timers.set(self.now + wait, Timer::Ack(namespace, id));
        }
        id
    }

    /// Nothing more is waited for. Another node counts the answers itself.
    pub(super) fn answered(&mut self, collected: Option<Collected<AckPurpose>>, timed_out: bool) {
        if let Some(collected) = collected.filter(|it| !matches!(it.purpose, AckPurpose::Node(..))) {
            self.app.clone().on_answers(self, collected, timed_out);
        }
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
