//! Acknowledgements that clients owe.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{namespace::SocketKey, value::Value};
use crate::adapter::NodeId;

/// The acknowledgements that one namespace waits for. Ids are counted up from 0, as in socket.io 4.8; `T` is what the
/// answers are for.
///
/// Law: every [`Acks::ask`] is followed by [`Acks::expire`] when its time is over.
#[derive(Debug)]
pub struct Acks<T> {
    next: u64,
    pending: BTreeMap<u64, Pending<T>>,
    /// What was asked and is over; kept only if somebody wants to tell late answers from wild ones.
    past: Option<HashMap<(u64, SocketKey), Over>>,
}

#[derive(Debug)]
struct Pending<T> {
    waiting_for: BTreeSet<SocketKey>,
    /// How many clients of other nodes are missing; none where the node has not said yet how many it asks.
    abroad: BTreeMap<NodeId, Option<usize>>,
    responses: Vec<Value>,
    purpose: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Answered,
    Expired,
}

/// The answers to one question.
#[derive(Debug)]
pub struct Collected<T> {
    /// In the order they came.
    pub responses: Vec<Value>,
    /// What they are for.
    pub purpose: T,
}

/// What an answer did.
#[derive(Debug)]
pub enum Answered<T> {
    /// It was the last one.
    Complete(Collected<T>),
    /// It was taken; others are missing.
    Taken,
    /// It came a second time, or was not asked for.
    Unknown,
    /// It came after its time was over; known only if asked for at the start.
    Late,
}

impl<T> Acks<T> {
    /// Nobody owes anything.
    #[must_use]
    pub fn new(remember: bool) -> Self {
        Self { next: 0, pending: BTreeMap::new(), past: remember.then(HashMap::new) }
    }

    /// These sockets are asked, and those that other nodes choose; gives the id under which they answer.
    pub fn ask(
        &mut self,
        sockets: impl IntoIterator<Item = SocketKey>,
        nodes: impl IntoIterator<Item = NodeId>,
        purpose: T,
    ) -> u64 {
        let id = self.next;
        self.next += 1;
        let waiting_for = sockets.into_iter().collect();
        let abroad = nodes.into_iter().map(|node| (node, None)).collect();
        self.pending.insert(id, Pending { waiting_for, abroad, responses: Vec::new(), purpose });
        id
    }

    /// What an answer is for.
    pub fn purpose(&self, id: u64) -> Option<&T> {
        self.pending.get(&id).map(|pending| &pending.purpose)
    }

    /// Another node asks so many clients. Gives what came if nobody is missing any more.
    pub fn asked_abroad(&mut self, id: u64, node: NodeId, clients: usize) -> Option<Collected<T>> {
        let pending = self.pending.get_mut(&id)?;
        let missing = pending.abroad.get_mut(&node).filter(|missing| missing.is_none())?;
        *missing = Some(clients);
        if clients == 0 {
            pending.abroad.remove(&node);
        }
        self.collect_if_complete(id)
    }

    /// A client of another node answers. Gives what came if nobody is missing any more.
    pub fn answer_from(&mut self, id: u64, node: NodeId, value: Value) -> Option<Collected<T>> {
        let pending = self.pending.get_mut(&id)?;
        let missing = pending.abroad.get_mut(&node)?.as_mut()?;
        *missing -= 1;
        if *missing == 0 {
            pending.abroad.remove(&node);
        }
        pending.responses.push(value);
        self.collect_if_complete(id)
    }

    /// Another node is gone, so that no answers come from it. Gives what came where nobody is missing any more.
    pub fn gone(&mut self, node: NodeId) -> Vec<Collected<T>> {
        let concerned: Vec<_> = self
            .pending
            .iter_mut()
            .filter_map(|(id, pending)| pending.abroad.remove(&node).map(|_| *id))
            .collect();
        concerned.into_iter().filter_map(|id| self.collect_if_complete(id)).collect()
    }

    /// A socket answers.
    pub fn answer(&mut self, id: u64, socket: SocketKey, value: Value) -> Answered<T> {
        let Some(pending) = self.pending.get_mut(&id) else { return self.wild(id, socket) };
        if !pending.waiting_for.remove(&socket) {
            return self.wild(id, socket);
        }
        pending.responses.push(value);
        self.remember(id, socket, Over::Answered);
        self.collect_if_complete(id).map_or(Answered::Taken, Answered::Complete)
    }

    /// The time for an answer is over; gives what came, if not all did.
    pub fn expire(&mut self, id: u64) -> Option<Collected<T>> {
        let missing = self.pending.get(&id)?.waiting_for.clone();
        for socket in missing {
            self.remember(id, socket, Over::Expired);
        }
        self.collect(id)
    }

    /// How many questions are open.
    pub(crate) fn len(&self) -> usize {
        self.pending.len()
    }

    fn collect_if_complete(&mut self, id: u64) -> Option<Collected<T>> {
        let complete =
            self.pending.get(&id).is_some_and(|it| it.waiting_for.is_empty() && it.abroad.is_empty());
        if complete { self.collect(id) } else { None }
    }

    fn collect(&mut self, id: u64) -> Option<Collected<T>> {
        let Pending { responses, purpose, .. } = self.pending.remove(&id)?;
        Some(Collected { responses, purpose })
    }

    fn remember(&mut self, id: u64, socket: SocketKey, over: Over) {
        if let Some(past) = &mut self.past {
            past.insert((id, socket), over);
        }
    }

    fn wild(&self, id: u64, socket: SocketKey) -> Answered<T> {
        match self.past.as_ref().and_then(|past| past.get(&(id, socket))) {
            Some(Over::Expired) => Answered::Late,
            Some(Over::Answered) => Answered::Taken,
            None => Answered::Unknown,
        }
    }
}
