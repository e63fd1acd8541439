//! Which sockets are in which rooms.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::namespace::SocketKey;

/// The rooms of one namespace. A room exists while somebody is in it.
#[derive(Debug, Default)]
pub struct Rooms {
    members: HashMap<Arc<str>, BTreeSet<SocketKey>>,
    rooms: BTreeMap<SocketKey, BTreeSet<Arc<str>>>,
}

impl Rooms {
    /// The socket is in the room from now on.
    pub fn join(&mut self, socket: SocketKey, room: &str) {
        let name = match self.members.get_key_value(room) {
            Some((name, _)) => name.clone(),
            None => Arc::from(room),
        };
        self.members.entry(name.clone()).or_default().insert(socket);
        self.rooms.entry(socket).or_default().insert(name);
    }

    /// The socket is no longer in the room.
    pub fn leave(&mut self, socket: SocketKey, room: &str) {
        if let Some(rooms) = self.rooms.get_mut(&socket) {
            rooms.remove(room);
        }
        if let Some(members) = self.members.get_mut(room) {
            members.remove(&socket);
            if members.is_empty() {
                self.members.remove(room);
            }
        }
    }

    /// The socket is in no room any more.
    pub fn leave_all(&mut self, socket: SocketKey) {
        for room in self.rooms.remove(&socket).unwrap_or_default() {
            self.leave(socket, &room);
        }
    }

    /// Who is in the room.
    pub fn members(&self, room: &str) -> impl Iterator<Item = SocketKey> {
        self.members.get(room).into_iter().flatten().copied()
    }

    /// Where the socket is.
    pub fn of(&self, socket: SocketKey) -> impl Iterator<Item = &str> {
        self.rooms.get(&socket).into_iter().flatten().map(|room| &**room)
    }
}
