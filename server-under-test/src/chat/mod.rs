//! A chat: rooms, who is typing, private messages. Its page is `page.html`, for browsers with the official client.
//!
//! | event of a client | acknowledged with | what others hear |
//! | --- | --- | --- |
//! | `join` room | the names of those in the room | `people` room, names |
//! | `leave` room | nothing | `people` room, names |
//! | `say` room, text | nothing | `message` {from, room, text}, the sender as well |
//! | `typing` room | – | `typing` {room, name}; dropped where it cannot arrive at once |
//! | `whisper` name, text | whether somebody has this name | `message` {from, to, text}, the two alone |
//!
//! A client names itself in the payload of CONNECT: `{"name": "Ada"}`. A name is taken as long as somebody has it.

use std::error::Error;

use serde::{Deserialize, Serialize};

use crate::io::{Ack, App, Args, Auth, Data, Io, Namespace, NodesMissing, Refused, Rooms, Socket};

/// The page, which is served at `/`.
pub const PAGE: &str = include_str!("page.html");

const MAX_NAME_CHARS: usize = 32;
const MAX_TEXT_CHARS: usize = 2000;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// What a client says of itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Person {
    name: String,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    from: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct Typing<'a> {
    room: &'a str,
    name: &'a str,
}

/// The application.
#[must_use]
pub fn app() -> App {
    App::new().namespace(
        Namespace::new("/")
            .admit(admit)
            .connect(connect)
            .on("join", join)
            .on("leave", leave)
            .on("say", say)
            .on("typing", typing)
            .on("whisper", whisper)
            .disconnect(disconnect),
    )
}

async fn admit(Auth(person): Auth<Person>, io: Io) -> Result<(), Refused> {
    let length = person.name.trim().chars().count();
    if length == 0 || length > MAX_NAME_CHARS {
        return Err(Refused::new(format!("a name has 1 to {MAX_NAME_CHARS} characters")));
    }
    match io.to(own_room(&person.name)).sockets().await {
        Ok(same) if same.is_empty() => Ok(()),
        Err(missing) => Err(Refused::new(missing.to_string())),
        Ok(_) => Err(Refused::new(format!("{} is here already", person.name))),
    }
}

async fn connect(socket: Socket, Auth(person): Auth<Person>) -> Outcome {
    if !socket.recovered() {
        socket.join([own_room(&person.name)]);
        socket.set_data(&person)?;
    }
    for room in socket.rooms() {
        tell_people(&socket.io(), &room).await?;
    }
    Ok(())
}

async fn disconnect(socket: Socket, Rooms(rooms): Rooms) -> Outcome {
    for room in rooms {
        tell_people(&socket.io(), &room).await?;
    }
    Ok(())
}

async fn join(socket: Socket, Data(room): Data<String>, ack: Ack) -> Outcome {
    if !is_room(&room) || room.chars().count() > MAX_NAME_CHARS {
        return Ok(());
    }
    socket.join([&room]);
    ack.send(&vec![names(&socket.io(), &room).await?])?;
    tell_people(&socket.io(), &room).await
}

async fn leave(socket: Socket, Data(room): Data<String>, ack: Ack) -> Outcome {
    if is_room(&room) {
        socket.leave([&room]);
        tell_people(&socket.io(), &room).await?;
    }
    Ok(ack.send(&())?)
}

async fn say(socket: Socket, Args((room, text)): Args<(String, String)>, ack: Option<Ack>) -> Outcome {
    let Some(person) = socket.data::<Person>() else { return Ok(()) };
    if is_room(&room) && socket.rooms().contains(&room) && text.chars().count() <= MAX_TEXT_CHARS {
        let message = Message { from: &person.name, room: Some(&room), to: None, text: &text };
        socket.io().to(&room).emit("message", message)?;
    }
    Ok(ack.map_or(Ok(()), |ack| ack.send(&()))?)
}

async fn typing(socket: Socket, Data(room): Data<String>) -> Outcome {
    let Some(person) = socket.data::<Person>() else { return Ok(()) };
    if is_room(&room) && socket.rooms().contains(&room) {
        // A client takes a string at the end of any event for the offset to recover from; what is volatile has none.
        socket.to(&room).volatile().emit("typing", Typing { room: &room, name: &person.name })?;
    }
    Ok(())
}

async fn whisper(socket: Socket, Args((to, text)): Args<(String, String)>, ack: Ack) -> Outcome {
    let Some(person) = socket.data::<Person>() else { return Ok(()) };
    let io = socket.io();
    let there = !io.to(own_room(&to)).sockets().await?.is_empty() && text.chars().count() <= MAX_TEXT_CHARS;
    if there {
        let message = Message { from: &person.name, room: None, to: Some(&to), text: &text };
        io.to(own_room(&to)).to(own_room(&person.name)).emit("message", message)?;
    }
    Ok(ack.send(&there)?)
}

/// The room of the one person of this name. Names of rooms that clients may join have no such beginning.
fn own_room(name: &str) -> String {
    format!("@{name}")
}

/// Whether clients may join a room of this name: ids of sockets are rooms as well, and so are names.
fn is_room(room: &str) -> bool {
    room.starts_with('#')
}

async fn names(io: &Io, room: &str) -> Result<Vec<String>, NodesMissing> {
    let people = io.to(room).sockets().await?;
    let mut names: Vec<_> =
        people.iter().filter_map(|it| it.data::<Person>().ok()).map(|person| person.name).collect();
    names.sort();
    Ok(names)
}

async fn tell_people(io: &Io, room: &str) -> Outcome {
    if is_room(room) {
        io.to(room).emit("people", (room, names(io, room).await?))?;
    }
    Ok(())
}
