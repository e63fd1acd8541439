//! What a server holds, for those who look for what it forgot to let go.

use super::Hub;

/// How much of everything there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Connections.
    pub connections: usize,
    /// Sockets, in all namespaces.
    pub sockets: usize,
    /// Rooms, and sockets that were in one, in all namespaces.
    pub rooms: usize,
    /// Acknowledgements that are waited for, and lookups on other nodes.
    pub acks: usize,
    /// Sockets that hear of arrivals and departures.
    pub watchers: usize,
    /// Bytes of messages whose attachments have not all arrived.
    pub incomplete_bytes: usize,
    /// Events and sessions that are kept for those who may come back.
    pub recoverable: usize,
    /// Points in time that something is to happen at.
    pub timers: usize,
}

impl Hub {
    /// Counts what there is; takes as long as there is much of it.
    #[must_use]
    pub fn census(&self) -> Census {
        let mut census = Census {
            connections: self.connections.len(),
            incomplete_bytes: self.connections.values().map(|it| it.client.incomplete_bytes()).sum(),
            recoverable: self.recovery.as_ref().map_or(0, |recovery| recovery.entries()),
            timers: self.timers.len(),
            acks: self.peers.open(),
            ..Census::default()
        };
        for namespace in &self.namespaces {
            census.sockets += namespace.sockets.len() + namespace.ghosts.len();
            census.rooms += namespace.rooms.entries();
            census.acks += namespace.acks.len();
            census.watchers += namespace.watchers.len();
        }
        census
    }
}
