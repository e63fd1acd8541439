//! Names on the wire for what a plan speaks of.

use serde_json::{Value, json};

use super::{Audience, Operators, Place, board::State};
use crate::history::Address;

/// The names of a play's rooms and namespaces.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) rooms: String,
    pub(super) namespaces: Vec<String>,
}

impl Names {
    pub(super) fn room(&self, room: u8) -> String {
        format!("{}r{room}", self.rooms)
    }

    pub(super) fn rooms(&self, rooms: &[u8]) -> Vec<String> {
        rooms.iter().map(|&room| self.room(room)).collect()
    }

    pub(super) fn namespace(&self, number: usize) -> String {
        self.namespaces[number % self.namespaces.len()].clone()
    }

    /// The rooms of an audience by name; nothing if one is named after a socket that is not there.
    pub(super) fn address(&self, audience: &Audience, namespace: &str, state: &State) -> Option<Address> {
        let names = |places: &[Place]| {
            let name = |place: &Place| match place {
                Place::Room(room) => Some(self.room(*room)),
                Place::Own(client) => state.members.get(&(*client, namespace.to_owned()))?.sid.clone(),
            };
            places.iter().map(name).collect::<Option<Vec<_>>>()
        };
        Some(Address {
            by_server: audience.by_server,
            broadcast: audience.broadcast,
            to: names(&audience.to)?,
            except: names(&audience.except)?,
        })
    }
}

/// The command with the fields of an address.
pub(super) fn command(op: &str, address: &Address) -> Value {
    let mut command = json!({ "op": op });
    if address.by_server {
        command["via"] = json!("server");
    }
    if address.broadcast {
        command["broadcast"] = json!(true);
    }
    if !address.to.is_empty() {
        command["to"] = json!(address.to);
    }
    if !address.except.is_empty() {
        command["except"] = json!(address.except);
    }
    command
}

/// Adds the operators that change how an event is sent.
pub(super) fn with(command: &mut Value, operators: Operators) {
    if operators.volatile {
        command["volatile"] = json!(true);
    }
    if operators.local {
        command["local"] = json!(true);
    }
    if operators.uncompressed {
        command["compress"] = json!(false);
    }
}
