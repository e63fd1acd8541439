//! One node among several: what it tells the others, and what it does for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    time::Duration,
};

use super::{Effect, Emission, Hub, Timer};
use crate::{
    adapter::{Chosen, Found, Message, NodeId, Saying},
    socket::{
        audience::Audience,
        namespace::{AckPurpose, FindPurpose, NamespaceId, SocketRef},
        value::Value,
    },
};

/// How long other nodes may take to answer (the default of socket.io's adapters).
pub(crate) const NODES_WAIT: Duration = Duration::from_secs(5);

/// The other nodes, and what they were asked for and have not answered.
#[derive(Debug, Default)]
pub(super) struct Peers {
    nodes: BTreeSet<NodeId>,
    lookups: BTreeMap<u64, Lookup>,
    next_lookup: u64,
}

#[derive(Debug)]
struct Lookup {
    purpose: FindPurpose,
    found: Vec<Found>,
    missing: BTreeSet<NodeId>,
}

/// Another node that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskingNode {
    pub(super) node: NodeId,
    pub(super) namespace: NamespaceId,
    /// The number under which it knows the question.
    pub(super) question: u64,
}

impl Peers {
    /// How many questions are open.
    pub(super) fn open(&self) -> usize {
        self.lookups.len()
    }
}

impl Hub {
    /// Another node is there.
    pub(crate) fn node_arrived(&mut self, node: NodeId) {
        self.peers.nodes.insert(node);
    }

    /// Another node is gone: no answers come from it.
    pub(crate) fn node_gone(&mut self, node: NodeId) {
        self.peers.nodes.remove(&node);
        let collected: Vec<_> = self.namespaces.iter_mut().flat_map(|it| it.acks.gone(node)).collect();
        for collected in collected {
            self.app.clone().on_answers(self, collected, false);
        }
        let open: Vec<_> = self.peers.lookups.keys().copied().collect();
        open.into_iter().for_each(|question| self.found_by(question, node, Vec::new()));
    }

    /// The nodes that an audience is on, apart from this one.
    pub(super) fn nodes_of(&self, audience: Audience<'_>) -> Vec<NodeId> {
        if audience.local { Vec::new() } else { self.peers.nodes.iter().copied().collect() }
    }

    /// The namespace of this name. A dynamic one that does not exist here may have sockets on other nodes.
    pub(crate) fn namespace_of_cluster(&mut self, name: &str) -> Option<NamespaceId> {
        match self.find_namespace(name) {
            None if self.config.cluster.is_some() => self.create_dynamic(name),
            namespace => namespace,
        }
    }

    /// Tells the other nodes that an audience is on.
    pub(super) fn tell_nodes(
        &mut self,
        namespace: NamespaceId,
        audience: Audience<'_>,
        saying: impl FnOnce(Chosen) -> Saying,
    ) {
        // Nodes of which nothing is known yet hear it too.
        if audience.local || self.config.cluster.is_none() {
            return;
        }
        let without = audience.without.and_then(|key| self.socket(SocketRef { namespace, key }));
        let without = without.map(|socket| socket.id.clone());
        let except = audience.except.iter().cloned().chain(without).collect();
        self.tell(None, namespace, saying(Chosen { to: audience.to.to_vec(), except }));
    }

    pub(super) fn tell(&mut self, to: Option<NodeId>, namespace: NamespaceId, saying: Saying) {
        let namespace = self.namespaces[namespace.0].name.clone();
        self.effects.push_back(Effect::Tell(to, Message { namespace, saying }));
    }

    /// Another node said something.
    pub(crate) fn told(&mut self, node: NodeId, Message { namespace: name, saying }: Message) {
        let Some(namespace) = self.find_namespace(&name) else {
            // Nobody is in it here, and who asked has to know.
            let nobody = match saying {
                Saying::Emit { ack: Some((question, _)), .. } => Saying::Asked { question, clients: 0 },
                Saying::ServerSide { question: Some(question), .. } => Saying::Asked { question, clients: 0 },
                Saying::Find { question, .. } => Saying::Found { question, sockets: Vec::new() },
                _ => return,
            };
            return self
                .effects
                .push_back(Effect::Tell(Some(node), Message { namespace: name, saying: nobody }));
        };
        match saying {
            Saying::Emit { chosen, args, manner, ack } => {
                let ack = ack.map(|(question, wait)| (AckPurpose::Node(node, question), wait));
                self.broadcast(namespace, here(&chosen), Emission { args, manner, ack });
            }
            Saying::ServerSide { args, question } => {
                let asker = question.map(|question| {
                    self.tell(Some(node), namespace, Saying::Asked { question, clients: 1 });
                    AskingNode { node, namespace, question }
                });
                self.app.clone().on_server_side(self, namespace, args, asker);
            }
            Saying::Asked { question, clients } => {
                let collected = self.namespaces[namespace.0].acks.asked_abroad(question, node, clients);
                collected.into_iter().for_each(|it| self.app.clone().on_answers(self, it, false));
            }
            Saying::Acknowledged { question, value } => {
                let collected = self.namespaces[namespace.0].acks.answer_from(question, node, value);
                collected.into_iter().for_each(|it| self.app.clone().on_answers(self, it, false));
            }
            Saying::Join(chosen, rooms) => self.join_all(namespace, here(&chosen), &rooms),
            Saying::Leave(chosen, rooms) => self.leave_all(namespace, here(&chosen), &rooms),
            Saying::Disconnect(chosen, close) => self.disconnect_all(namespace, here(&chosen), close),
            Saying::Find { question, chosen } => {
                let sockets = self.found_here(namespace, here(&chosen));
                self.tell(Some(node), namespace, Saying::Found { question, sockets });
            }
            Saying::Found { question, sockets } => self.found_by(question, node, sockets),
        }
    }

    /// A client answered what another node asked, or this node itself does.
    pub(crate) fn answer_node(&mut self, AskingNode { node, namespace, question }: AskingNode, value: Value) {
        self.tell(Some(node), namespace, Saying::Acknowledged { question, value });
    }

    /// Sends an event to the other nodes themselves, which their clients do not see. With `ack`,
    /// [`app::Application::on_answers`](crate::app::Application::on_answers) follows, at once if no other node is known.
    pub(crate) fn server_side_emit(
        &mut self,
        namespace: NamespaceId,
        args: Value,
        ack: Option<(AckPurpose, Duration)>,
    ) {
        let nodes: Vec<_> = self.peers.nodes.iter().copied().collect();
        let question = ack.map(|ack| self.ask(namespace, &[], &nodes, ack));
        if self.config.cluster.is_none() {
            return tracing::warn!("an event for other servers goes nowhere: this one is in no cluster");
        }
        self.tell(None, namespace, Saying::ServerSide { args, question });
    }

    /// Lets sockets join rooms.
    pub(crate) fn join_all(&mut self, namespace: NamespaceId, audience: Audience<'_>, rooms: &[String]) {
        let place = &mut self.namespaces[namespace.0];
        for key in place.audience(audience, None) {
            rooms.iter().for_each(|room| place.rooms.join(key, room));
        }
        self.tell_nodes(namespace, audience, |chosen| Saying::Join(chosen, rooms.to_vec()));
    }

    /// Lets sockets leave rooms.
    pub(crate) fn leave_all(&mut self, namespace: NamespaceId, audience: Audience<'_>, rooms: &[String]) {
        let place = &mut self.namespaces[namespace.0];
        for key in place.audience(audience, None) {
            rooms.iter().for_each(|room| place.rooms.leave(key, room));
        }
        self.tell_nodes(namespace, audience, |chosen| Saying::Leave(chosen, rooms.to_vec()));
    }

    /// Removes sockets from the namespace; with `close` their connections end.
    pub(crate) fn disconnect_all(&mut self, namespace: NamespaceId, audience: Audience<'_>, close: bool) {
        self.tell_nodes(namespace, audience, |chosen| Saying::Disconnect(chosen, close));
        for key in self.namespaces[namespace.0].audience(audience, None) {
            self.disconnect(SocketRef { namespace, key }, close);
        }
    }

    /// Looks sockets up; [`app::Application::on_found`](crate::app::Application::on_found) follows, at once if no
    /// other node is to be asked.
    pub(crate) fn find(&mut self, namespace: NamespaceId, audience: Audience<'_>, purpose: FindPurpose) {
        let found = self.found_here(namespace, audience);
        let missing: BTreeSet<_> = self.nodes_of(audience).into_iter().collect();
        if missing.is_empty() {
            return self.app.clone().on_found(self, purpose, Ok(found));
        }
        let question = self.peers.next_lookup;
        self.peers.next_lookup += 1;
        self.peers.lookups.insert(question, Lookup { purpose, found, missing });
        self.timers.set(self.now + NODES_WAIT, Timer::Find(question));
        self.tell_nodes(namespace, audience, |chosen| Saying::Find { question, chosen });
    }

    /// The time for a lookup is over.
    pub(super) fn expire_find(&mut self, question: u64) {
        if let Some(Lookup { purpose, missing, .. }) = self.peers.lookups.remove(&question) {
            self.app.clone().on_found(self, purpose, Err(missing.len()));
        }
    }

    fn found_by(&mut self, question: u64, node: NodeId, sockets: Vec<Found>) {
        let Some(lookup) = self.peers.lookups.get_mut(&question) else { return };
        if !lookup.missing.remove(&node) {
            return;
        }
        lookup.found.extend(sockets);
        if lookup.missing.is_empty() {
            let (purpose, found) = (lookup.purpose, mem::take(&mut lookup.found));
            self.peers.lookups.remove(&question);
            self.app.clone().on_found(self, purpose, Ok(found));
        }
    }

    /// What there is to see of a socket.
    pub(crate) fn found(&self, SocketRef { namespace, key }: SocketRef) -> Option<Found> {
        let place = &self.namespaces[namespace.0];
        let socket = place.sockets.get(&key).or_else(|| place.ghosts.get(&key))?;
        let rooms = place.rooms.of(key).into_iter().map(ToOwned::to_owned).collect();
        Some(Found { id: socket.id.clone(), rooms, data: socket.data.clone() })
    }

    fn found_here(&self, namespace: NamespaceId, audience: Audience<'_>) -> Vec<Found> {
        let keys = self.namespaces[namespace.0].audience(audience, None);
        keys.into_iter().filter_map(|key| self.found(SocketRef { namespace, key })).collect()
    }
}

/// The part of a choice that is on this node.
fn here(chosen: &Chosen) -> Audience<'_> {
    Audience { to: &chosen.to, except: &chosen.except, without: None, local: true }
}
