//! What nodes tell each other.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{engine::signals::Manner, socket::value::Value};

/// A node of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// Sockets of a namespace, as every node can tell them apart: those in one of the rooms `to`, or all if there are none,
/// but not those in one of the rooms `except`. The id of a socket is a room as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Rooms whose members are meant; all sockets if empty.
    pub to: Vec<String>,
    /// Rooms whose members are not meant.
    pub except: Vec<String>,
}

/// A socket on some node.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its public id.
    pub id: String,
    /// The rooms it is in.
    pub rooms: Vec<String>,
    /// What the application keeps with it.
    pub data: Value,
}

/// Something that a node tells others.
#[derive(Clone, Debug)]
pub struct Message {
    /// The namespace that it is about.
    pub namespace: Arc<str>,
    /// What it says.
    pub saying: Saying,
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Saying {
    /// Send these sockets an event.
    Emit {
        /// Whom.
        chosen: Chosen,
        /// A list that begins with the name of the event.
        args: Value,
        /// How it is sent.
        manner: Manner,
        /// The number under which acknowledgements are wanted, and how long they are waited for. [`Saying::Asked`]
        /// answers it, then one [`Saying::Acknowledged`] for each client that does.
        ack: Option<(u64, Duration)>,
    },
    /// Something for the nodes themselves, and for no client.
    ServerSide {
        /// A list that begins with the name of the event.
        args: Value,
        /// The number under which an answer is wanted. [`Saying::Asked`] answers it, then one [`Saying::Acknowledged`] if
        /// the application does.
        question: Option<u64>,
    },
    /// So many clients are asked, of which answers may come; of what is for nodes, the node itself is the one.
    Asked {
        /// The number of the question.
        question: u64,
        /// How many.
        clients: usize,
    },
    /// A client acknowledged, or the node itself.
    Acknowledged {
        /// The number of the question.
        question: u64,
        /// The first value that it acknowledged with.
        value: Value,
    },
    /// Let these sockets join rooms.
    Join(Chosen, Vec<String>),
    /// Let these sockets leave rooms.
    Leave(Chosen, Vec<String>),
    /// Remove these sockets from the namespace; and close their connections, if true.
    Disconnect(Chosen, bool),
    /// Which of these sockets are there? [`Saying::Found`] answers it.
    Find {
        /// The number of the question.
        question: u64,
        /// Which.
        chosen: Chosen,
    },
    /// These are.
    Found {
        /// The number of the question.
        question: u64,
        /// They.
        sockets: Vec<Found>,
    },
}

impl Message {
    /// What it takes while it is on its way, in bytes.
    #[must_use]
    pub fn cost_bytes(&self) -> usize {
        const OVERHEAD: usize = 200;
        let value =
            |value: &Value| value.as_json().len() + value.attachments().iter().map(Bytes::len).sum::<usize>();
        let texts =
            |texts: &[String]| texts.iter().map(|text| text.len() + size_of::<String>()).sum::<usize>();
        let chosen = |chosen: &Chosen| texts(&chosen.to) + texts(&chosen.except);
        let content = match &self.saying {
            Saying::Emit { chosen: whom, args, .. } => chosen(whom) + value(args),
            Saying::Acknowledged { value: it, .. } | Saying::ServerSide { args: it, .. } => value(it),
            Saying::Join(whom, rooms) | Saying::Leave(whom, rooms) => chosen(whom) + texts(rooms),
            Saying::Disconnect(whom, _) | Saying::Find { chosen: whom, .. } => chosen(whom),
            Saying::Found { sockets, .. } => {
                sockets.iter().map(|it| OVERHEAD + it.id.len() + texts(&it.rooms) + value(&it.data)).sum()
            }
            Saying::Asked { .. } => 0,
        };
        OVERHEAD + self.namespace.len() + content
    }
}
