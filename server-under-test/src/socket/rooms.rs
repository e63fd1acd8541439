//! Which sockets are in which rooms.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::namespace::SocketKey;

/// The rooms of one namespace. A room exists while somebody is in it.
#[derive(Debug, Default)]
pub struct Rooms {
    members: HashMap<Arc<str>, BTreeSet<SocketKey>>,
    /// With the order in which they were joined.
    rooms: HashMap<SocketKey, HashMap<Arc<str>, u64>>,
    joins: u64,
}

impl Rooms {
    /// The socket is in the room from now on.
    pub fn join(&mut self, socket: SocketKey, room: &str) {
        let name = match self.members.get_key_value(room) {
            Some((name, _)) => name.clone(),
            None => Arc::from(room),
        };
        self.members.entry(name.clone()).or_default().insert(socket);
        self.joins += 1;
        self.rooms.entry(socket).or_default().entry(name).or_insert(self.joins);
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
        for (room, _) in self.rooms.remove(&socket).unwrap_or_default() {
            self.leave(socket, &room);
        }
    }

    /// How many rooms there are, and how many sockets with a list of theirs.
    pub(crate) fn entries(&self) -> usize {
        self.members.len() + self.rooms.len()
    }

    /// Who is in the room.
    pub fn members(&self, room: &str) -> impl Iterator<Item = SocketKey> {
        self.members.get(room).into_iter().flatten().copied()
    }

    /// Where the socket is, in the order of joining.
    #[must_use]
    pub fn of(&self, socket: SocketKey) -> Vec<&str> {
        let Some(rooms) = self.rooms.get(&socket) else { return Vec::new() };
        let mut rooms: Vec<_> = rooms.iter().map(|(room, order)| (*order, &**room)).collect();
        rooms.sort_unstable();
        rooms.into_iter().map(|(_, room)| room).collect()
    }
}
