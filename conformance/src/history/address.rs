//! Whom something is for.

/// The operators of the server API that choose an audience, with names of rooms and ids of sockets as they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// On behalf of the server, so that nobody is left out as the sender.
    pub by_server: bool,
    /// Everybody but the sender.
    pub broadcast: bool,
    /// Rooms whose members are meant; everybody if there are none.
    pub to: Vec<String>,
    /// Rooms whose members are not meant.
    pub except: Vec<String>,
}

impl Address {
    /// Just the socket that speaks.
    pub fn is_itself(&self) -> bool {
        !self.by_server && !self.broadcast && self.to.is_empty() && self.except.is_empty()
    }
}
