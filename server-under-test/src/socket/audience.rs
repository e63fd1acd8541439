//! Whom a broadcast reaches.

use std::collections::BTreeSet;

use super::{namespace::SocketKey, rooms::Rooms};
use crate::fault::Fault;

/// A choice among the sockets of a namespace: those in one of the rooms `to`, or all if there are none, but not
/// those in one of the rooms `except`, and not `without` (Socket.IO documentation, "Rooms").
#[derive(Clone, Copy, Debug, Default)]
pub struct Audience<'a> {
    /// Rooms whose members are meant; all sockets if empty.
    pub to: &'a [String],
    /// Rooms whose members are not meant.
    pub except: &'a [String],
    /// The socket that speaks, if it is not to hear itself.
    pub without: Option<SocketKey>,
    /// Only sockets of this node.
    pub local: bool,
}

impl Audience<'_> {
    /// The chosen sockets, each once, in the order they joined the namespace; or chosen wrongly, with a fault.
    #[must_use]
    pub fn resolve(
        &self,
        fault: Option<Fault>,
        rooms: &Rooms,
        all: impl Iterator<Item = SocketKey>,
    ) -> Vec<SocketKey> {
        let everybody = match fault {
            Some(Fault::RoomFilterIgnored) => true,
            Some(Fault::UnknownRoomReachesAll) => {
                self.to.iter().all(|room| rooms.members(room).next().is_none())
            }
            _ => self.to.is_empty(),
        };
        let except_ignored = match self.to {
            [] => fault == Some(Fault::BroadcastIgnoresExcept),
            _ => fault == Some(Fault::ExceptIgnored),
        };
        let excepted: BTreeSet<SocketKey> = match except_ignored {
            true => BTreeSet::new(),
            false => self.except.iter().flat_map(|room| rooms.members(room)).collect(),
        };
        let heard = |socket: &SocketKey| self.without != Some(*socket) && !excepted.contains(socket);
        if everybody {
            return all.filter(heard).collect();
        }
        let members = self.to.iter().flat_map(|room| rooms.members(room)).filter(heard);
        if fault == Some(Fault::UnionDeliversTwice) {
            return members.collect();
        }
        members.collect::<BTreeSet<_>>().into_iter().collect()
    }
}
