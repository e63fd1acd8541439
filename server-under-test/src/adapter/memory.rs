//! A cluster within one process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{Message, NodeId};

/// What may be on its way to one node, in bytes; what would be more is lost, as it is with a message broker that drops
/// subscribers who are too slow.
const MAX_BACKLOG_BYTES: usize = 256 << 20;

/// Where the nodes of one process meet. Copies are the same cluster.
#[derive(Clone, Default)]
pub struct Cluster(Arc<Mutex<Seats>>);

#[derive(Default)]
struct Seats {
    next: u64,
    nodes: BTreeMap<NodeId, Mailbox>,
}

#[derive(Clone)]
struct Mailbox {
    letters: UnboundedSender<Letter>,
    backlog_bytes: Arc<AtomicUsize>,
}

/// What reaches a node.
#[derive(Debug)]
pub(crate) enum Letter {
    /// Another node said something.
    Said(NodeId, Message),
    /// Another node is there.
    Arrived(NodeId),
    /// Another node is gone.
    Gone(NodeId),
}

/// The place of a node in its cluster, which it leaves when this goes.
pub(crate) struct Seat {
    id: NodeId,
    cluster: Cluster,
}

/// What reaches a node, in order.
pub(crate) struct Letters {
    receiver: UnboundedReceiver<Letter>,
    backlog_bytes: Arc<AtomicUsize>,
}

impl Cluster {
    /// A cluster without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many nodes it has.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.0.lock().nodes.len()
    }

    /// One more node, the others, and what they say from now on.
    pub(crate) fn join(&self) -> (Seat, Vec<NodeId>, Letters) {
        let (letters, receiver) = mpsc::unbounded_channel();
        let backlog_bytes = Arc::new(AtomicUsize::new(0));
        let mut seats = self.0.lock();
        let id = NodeId(seats.next);
        seats.next += 1;
        let others: Vec<_> = seats.nodes.keys().copied().collect();
        seats.nodes.values().for_each(|node| node.put(Letter::Arrived(id)));
        seats.nodes.insert(id, Mailbox { letters, backlog_bytes: backlog_bytes.clone() });
        drop(seats);
        (Seat { id, cluster: self.clone() }, others, Letters { receiver, backlog_bytes })
    }
}

impl Seat {
    /// Tells another node, or all of them.
    pub(crate) fn tell(&self, to: Option<NodeId>, message: &Message) {
        let seats = self.cluster.0.lock();
        let others = seats.nodes.iter().filter(|(id, _)| **id != self.id && to.is_none_or(|to| to == **id));
        others.for_each(|(_, node)| node.put(Letter::Said(self.id, message.clone())));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.cluster.0.lock();
        seats.nodes.remove(&self.id);
        seats.nodes.values().for_each(|node| node.put(Letter::Gone(self.id)));
    }
}

impl Mailbox {
    fn put(&self, letter: Letter) {
        let cost = letter.cost_bytes();
        if self.backlog_bytes.fetch_add(cost, Ordering::Relaxed) > MAX_BACKLOG_BYTES && cost > 0 {
            self.backlog_bytes.fetch_sub(cost, Ordering::Relaxed);
            tracing::warn!("a node is too slow for its cluster: it misses a message");
            return;
        }
        // The node may be about to go.
        let _ = self.letters.send(letter);
    }
}

impl Letters {
    /// The next one; none once the node is gone.
    pub(crate) async fn next(&mut self) -> Option<Letter> {
        let letter = self.receiver.recv().await?;
        self.backlog_bytes.fetch_sub(letter.cost_bytes(), Ordering::Relaxed);
        Some(letter)
    }
}

impl Letter {
    fn cost_bytes(&self) -> usize {
        match self {
            Self::Said(_, message) => message.cost_bytes(),
            Self::Arrived(_) | Self::Gone(_) => 0,
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("nodes", &self.nodes()).finish_non_exhaustive()
    }
}
