//! Several servers that are one: what they tell each other, and how it gets there.
//!
//! A node is one server. An event for a namespace, a room or many rooms reaches sockets on every node; so do lookups,
//! joins, leaves and disconnects of many sockets, unless they are meant for this node alone (Socket.IO documentation,
//! "Adapter"). What is for the nodes themselves reaches the others, and no socket. The hub says what is to be told and is
//! told what others said; it knows nothing of the way between.
//!
//! [`Cluster`] is the way between nodes of one process.

mod memory;
mod message;

pub use memory::Cluster;
pub(crate) use memory::{Letter, Letters, Seat};
pub use message::{Chosen, Found, Message, NodeId, Saying};
