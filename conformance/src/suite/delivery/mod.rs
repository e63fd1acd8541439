//! Rules of delivery: who hears what, and who does not.

pub mod acks;
pub mod broadcast;
pub mod crowd;
pub mod membership;
pub mod operators;
pub mod recovery;
pub mod rooms;
pub mod sockets;

use serde_json::{Value, json};

use crate::{
    stage::{Client, Stage},
    verdict::{Check, SetUp},
};

/// A command to emit an event of this case, with one argument, to whom `address` says.
fn emit(stage: &Stage, word: &str, address: Value) -> Value {
    let mut command = json!({ "op": "emit", "event": stage.own("news"), "args": [word] });
    for (field, value) in address.as_object().into_iter().flatten() {
        command[field] = value.clone();
    }
    command
}

/// The event that [`emit`] asks for.
fn news(stage: &Stage, word: &str) -> crate::stage::Sio {
    crate::stage::event(&stage.own("news"), [json!(word)])
}

/// Has the client join a room of this case, as set-up.
async fn enters(stage: &Stage, client: &mut Client, room: &str) -> Check {
    let command = json!({ "op": "join", "rooms": [stage.own(room)] });
    client.commands(command).await.set_up("joining a room").map(drop)
}
