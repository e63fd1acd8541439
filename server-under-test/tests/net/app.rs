//! Applications of one's own.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use siospec_server::{
    Config, Server,
    io::{
        Ack, App, Args, Auth, Data, EventName, Io, Namespace, Query, Reason, Refused, Rejection, Rooms,
        Socket, State,
    },
};
use tokio::sync::{
    Notify,
    mpsc::{self, UnboundedSender},
};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{WEBSOCKET, Ws, patient};

/// Long enough for a machine under load, and never waited for.
pub(crate) const WAIT: Duration = Duration::from_secs(60);

async fn serve(namespace: Namespace) -> (Server, Io) {
    Server::serve(App::new().namespace(namespace), patient(), "127.0.0.1:0").await.expect("a free port")
}

/// A client on a websocket that has joined; with the packets it was greeted with.
pub(crate) async fn join(server: &Server, namespace: &str) -> Ws {
    let mut ws = Ws::connect(server.local_addr(), WEBSOCKET).await;
    ws.next().await;
    ws.send(&format!("40{namespace}")).await;
    assert!(ws.next().await.starts_with(&format!("40{namespace}{{")));
    ws
}

#[derive(Debug, Serialize, Deserialize)]
struct Picture {
    name: String,
    bytes: Blob,
}

/// Bytes, not a list of numbers.
#[derive(Debug)]
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Blob;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
        }
        deserializer.deserialize_byte_buf(Visitor)
    }
}

#[tokio::test]
async fn handlers_take_typed_arguments_and_acknowledge() {
    let namespace = Namespace::new("/")
        .on("add", async |Args((a, b)): Args<(i64, i64)>, ack: Ack| ack.send(&(a + b, "sum")))
        .on("reverse", async |socket: Socket, Data(mut picture): Data<Picture>| {
            picture.bytes.0.reverse();
            socket.emit("reversed", (&picture, picture.bytes.0.len()))
        })
        .on("strict", async |number: Result<Data<u8>, Rejection>, ack: Ack| match number {
            Ok(_) => ack.send(&()),
            Err(error) => ack.send(&error.to_string()),
        })
        .on("optional", async |ack: Option<Ack>, socket: Socket| {
            socket.emit("asked for", ack.is_some()).unwrap();
        });
    let (server, _io) = serve(namespace).await;
    let mut ws = join(&server, "").await;

    ws.send(r#"4217["add",40,2]"#).await;
    assert_eq!(ws.next().await, r#"4317[42,"sum"]"#);
    ws.send(r#"451-["reverse",{"name":"x","bytes":{"_placeholder":true,"num":0}}]"#).await;
    ws.send_binary(&[1, 2, 3]).await;
    assert_eq!(ws.next().await, r#"451-["reversed",{"name":"x","bytes":{"_placeholder":true,"num":0}},3]"#);
    assert_eq!(ws.next().await, r#"Binary(b"\x03\x02\x01")"#);
    ws.send(r#"421["strict","x"]"#).await;
    assert_eq!(ws.next().await, r#"431["argument 1: invalid type: string \"x\", expected u8 at byte 10"]"#);
    ws.send(r#"42["optional"]"#).await;
    assert_eq!(ws.next().await, r#"42["asked for",false]"#);
    server.shutdown().await;
}

#[tokio::test]
async fn handlers_begin_in_order_and_do_not_hold_each_other_up() {
    let app = App::new().state(Notify::new()).namespace(
        Namespace::new("/")
            .on("slow", async |socket: Socket, State(gate): State<Notify>| {
                socket.emit("slow begins", ()).unwrap();
                gate.notified().await;
                socket.emit("slow ends", ())
            })
            .on("fast", async |socket: Socket| socket.emit("fast", ()))
            .on("open", async |State(gate): State<Notify>| gate.notify_one())
            .on("panics", async |State(missing): State<u8>| drop(missing))
            .on("breaks", async |socket: Socket| assert!(socket.id().is_empty(), "on purpose")),
    );
    let (server, _io) = Server::serve(app, patient(), "127.0.0.1:0").await.unwrap();
    let mut ws = join(&server, "").await;
    for event in ["panics", "breaks", "slow", "fast", "open"] {
        ws.send(&format!(r#"42["{event}"]"#)).await;
    }
    for expected in ["slow begins", "fast", "slow ends"] {
        assert_eq!(ws.next().await, format!(r#"42["{expected}"]"#));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn middlewares_decide_who_joins_and_which_events_pass() {
    #[derive(Deserialize)]
    struct Token {
        token: String,
    }
    let namespace = Namespace::new("/guarded")
        .admit(async |Auth(auth): Auth<Token>, query: Query| match (&*auth.token, query.get("EIO")) {
            ("open sesame", Some("4")) => Ok(()),
            _ => Err(Refused::with_data("not authorized", &("E_AUTH", 1)).unwrap()),
        })
        .admit(async || {
            // Whoever is let in by hand only later.
            tokio::task::yield_now().await;
            Ok(())
        })
        .before(async |EventName(name): EventName| match &*name {
            "forbidden" => Err("forbidden"),
            _ => Ok(()),
        })
        .on_any(async |socket: Socket, EventName(name): EventName| socket.emit("any", name))
        .on("named", async |socket: Socket| socket.emit("named", ()));
    let (server, _io) = serve(namespace).await;
    let mut ws = Ws::connect(server.local_addr(), WEBSOCKET).await;
    ws.next().await;
    ws.send("40/guarded,").await;
    assert_eq!(
        ws.next().await,
        r#"44/guarded,{"message":"the payload of CONNECT: missing field `token` at byte 0"}"#
    );
    ws.send(r#"40/guarded,{"token":"wrong"}"#).await;
    assert_eq!(ws.next().await, r#"44/guarded,{"message":"not authorized","data":["E_AUTH",1]}"#);
    ws.send(r#"40/guarded,{"token":"open sesame"}"#).await;
    assert!(ws.next().await.starts_with(r#"40/guarded,{"sid":"#));
    for event in ["forbidden", "other", "named"] {
        ws.send(&format!(r#"42/guarded,["{event}"]"#)).await;
    }
    for expected in [r#"["any","other"]"#, r#"["any","named"]"#, r#"["named"]"#] {
        assert_eq!(ws.next().await, format!("42/guarded,{expected}"));
    }
    ws.send("40/unknown,").await;
    assert_eq!(ws.next().await, r#"44/unknown,{"message":"Invalid namespace"}"#);
    server.shutdown().await;
}

#[tokio::test]
async fn operators_reach_whom_they_name() {
    let namespace = Namespace::matching(|name| name.starts_with("/dynamic-"))
        .on("join", async |socket: Socket, Data(room): Data<String>, ack: Ack| {
            socket.join([&room]);
            socket.set_data(&room)?;
            ack.send(&socket.rooms().len())
        })
        .on("to", async |socket: Socket, Data(room): Data<String>| {
            socket.to(&room).to(&room).emit("to", ())?;
            socket.to(socket.id()).emit("never", ())?;
            socket.broadcast().except(&room).emit("others", ())?;
            socket.emit("done", ())
        });
    let (server, io) = serve(namespace).await;
    let name = "/dynamic-1";
    let (mut ada, mut bob) = (join(&server, "/dynamic-1,").await, join(&server, "/dynamic-1,").await);
    ada.send(r#"42/dynamic-1,0["join","red"]"#).await;
    assert_eq!(ada.next().await, "43/dynamic-1,0[2]");
    bob.send(r#"42/dynamic-1,0["join","blue"]"#).await;
    assert_eq!(bob.next().await, "43/dynamic-1,0[2]");

    ada.send(r#"42/dynamic-1,["to","blue"]"#).await;
    assert_eq!(ada.next().await, r#"42/dynamic-1,["done"]"#);
    assert_eq!(bob.next().await, r#"42/dynamic-1,["to"]"#);
    bob.send(r#"42/dynamic-1,["to","blue"]"#).await;
    assert_eq!(bob.next().await, r#"42/dynamic-1,["done"]"#);
    assert_eq!(ada.next().await, r#"42/dynamic-1,["others"]"#);

    io.of(name).except("red").emit("all", (1, 2)).unwrap();
    assert_eq!(bob.next().await, r#"42/dynamic-1,["all",1,2]"#);
    let sockets = io.of(name).to("red").sockets().await.unwrap();
    assert_eq!((sockets.len(), sockets[0].rooms()[1].as_str()), (1, "red"));
    assert_eq!(sockets[0].data::<String>().unwrap(), "red");

    io.of(name).to("red").join(["green"]);
    io.of(name).to("green").leave(["red"]);
    assert_eq!(io.of(name).to("red").sockets().await.unwrap().len(), 0);
    io.of(name).to("green").emit("green", ()).unwrap();
    assert_eq!(ada.next().await, r#"42/dynamic-1,["green"]"#);

    io.of(name).to("green").disconnect(false);
    assert_eq!(ada.next().await, "41/dynamic-1,");
    assert_eq!(io.of(name).sockets().await.unwrap().len(), 1);
    assert_eq!(
        io.emit("disconnect", ()).unwrap_err().to_string(),
        r#""disconnect" is a reserved event name"#
    );
    server.shutdown().await;
}

#[tokio::test]
async fn acknowledgements_come_back_to_the_handler() {
    let (told, mut heard) = mpsc::unbounded_channel::<u8>();
    let asks = async |socket: Socket, State(told): State<UnboundedSender<u8>>| {
        let answer = socket.ask("one?", ("a",), WAIT).await.unwrap();
        told.send(answer.read::<u8>().unwrap()).unwrap();
        let missing = socket.ask("nobody answers", (), Duration::ZERO).await.unwrap_err();
        assert_eq!(missing.to_string(), "no acknowledgement came in time");
    };
    let app = App::new().state(told).namespace(Namespace::new("/").on("ask", asks));
    let (server, io) = Server::serve(app, patient(), "127.0.0.1:0").await.unwrap();
    let (mut ada, mut bob) = (join(&server, "").await, join(&server, "").await);
    ada.send(r#"42["ask"]"#).await;
    assert_eq!(ada.next().await, r#"420["one?","a"]"#);
    ada.send("430[7]").await;
    assert_eq!(heard.recv().await, Some(7));
    assert_eq!(ada.next().await, r#"421["nobody answers"]"#);

    let (answers, ()) = tokio::join!(async { io.of("/").timeout(WAIT).ask("all?", ()).await }, async {
        for (ws, answer) in [(&mut ada, "\"ada\""), (&mut bob, "\"bob\"")] {
            assert_eq!(ws.next().await, r#"422["all?"]"#);
            ws.send(&format!("432[{answer}]")).await;
        }
    });
    let answers = answers.unwrap();
    let mut names: Vec<String> = answers.responses.iter().map(|answer| answer.read().unwrap()).collect();
    names.sort();
    assert_eq!((names, answers.timed_out), (vec!["ada".to_owned(), "bob".to_owned()], false));
    assert!(io.of("/nowhere").ask("anybody?", ()).await.is_err());
    server.shutdown().await;
}

#[tokio::test]
async fn whoever_asks_is_told_that_the_server_stops() {
    let (server, io) = serve(Namespace::new("/")).await;
    let mut ada = join(&server, "").await;
    let all = io.of("/").timeout(Duration::MAX);
    let (answers, ()) = tokio::join!(all.ask("well?", ()), async {
        assert_eq!(ada.next().await, r#"420["well?"]"#);
        server.shutdown().await;
    });
    // A socket that goes is no longer asked, or else nobody keeps the time.
    assert!(answers.is_err() || answers.is_ok_and(|answers| answers.responses.is_empty()));
    assert!(io.of("/").ask("anybody?", ()).await.is_err());
    assert!(io.of("/").sockets().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_goodbye_tells_why_and_from_which_rooms() {
    type Told = UnboundedSender<(&'static str, String)>;
    let (told, mut heard): (Told, _) = mpsc::unbounded_channel();
    let namespace = Namespace::new("/")
        .connect(async |socket: Socket| socket.join(["red"]))
        .on("bye", async |socket: Socket| socket.disconnect(true))
        .disconnect(async |socket: Socket, reason: Reason, Rooms(rooms): Rooms, State(told): State<Told>| {
            assert!(!socket.is_connected() && rooms[0] == socket.id());
            told.send((reason.name(), rooms[1].clone())).unwrap();
        });
    let app = App::new().state(told).namespace(namespace);
    let (server, _io) = Server::serve(app, patient(), "127.0.0.1:0").await.unwrap();
    for (said, reason) in [
        ("41", "client namespace disconnect"),
        (r#"42["bye"]"#, "server namespace disconnect"),
        ("1", "transport close"),
        ("4x", "forced close"),
    ] {
        let mut ws = join(&server, "").await;
        ws.send(said).await;
        assert_eq!(heard.recv().await, Some((reason, "red".to_owned())), "{said}");
    }
    let _left = join(&server, "").await;
    server.shutdown().await;
    assert_eq!(heard.recv().await, Some(("server shutting down", "red".to_owned())));
}

#[tokio::test]
async fn whoever_outruns_the_handlers_is_closed() {
    let config = Config { max_outbox_bytes: 100_000, ..patient() };
    let waits = async |State(gate): State<Notify>| gate.notified().await;
    let app = App::new().state(Notify::new()).namespace(Namespace::new("/").on_any(waits));
    let (server, _io) = Server::serve(app, config, "127.0.0.1:0").await.unwrap();
    let ws = join(&server, "").await;
    let event = format!(r#"42["more","{}"]"#, "x".repeat(10_000));
    let (mut sending, mut receiving) = ws.0.split();
    let outruns = async { while sending.send(Message::text(&event)).await.is_ok() {} };
    let told = async { while !matches!(receiving.next().await, Some(Ok(Message::Close(_))) | None) {} };
    tokio::select! {
        () = outruns => {}
        () = told => {}
    }
    server.shutdown().await;
}

#[tokio::test]
async fn engine_io_alone_echoes() {
    let server = Server::bind_engine_echo(patient(), "127.0.0.1:0").await.unwrap();
    let mut ws = Ws::connect(server.local_addr(), WEBSOCKET).await;
    ws.next().await;
    ws.send("4hello").await;
    assert_eq!(ws.next().await, "4hello");
    ws.send_binary(&[1]).await;
    assert_eq!(ws.next().await, r#"Binary(b"\x01")"#);
    server.shutdown().await;
}
