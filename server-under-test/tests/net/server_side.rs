//! What nodes of a cluster tell each other, and no client hears.

use std::{iter, time::Duration};

use siospec_server::{
    Cluster, Config, Server,
    io::{
        Ack, App, Args, Auth, Data, EventName, Io, Namespace, Operator, Query, Rejection, ServerSideError,
        Socket, State,
    },
};
use tokio::sync::{
    Semaphore,
    mpsc::{self, UnboundedReceiver, UnboundedSender},
};

use crate::{
    app::{WAIT, join},
    client::{Ws, patient, start_with},
};

/// A node that answers with its name, and the events that it was told of.
struct Node {
    server: Server,
    io: Io,
    told: UnboundedReceiver<String>,
}

type Told = State<UnboundedSender<String>>;

async fn node(cluster: &Cluster, name: &str) -> Node {
    let (telling, told) = mpsc::unbounded_channel();
    let namespace = Namespace::matching(|name| name == "/" || name == "/late")
        .on_server_side("news", async |Data(text): Data<String>, State(telling): Told| telling.send(text))
        .on_server_side("name", async |State(name): State<String>, ack: Ack| ack.send(&(&*name, "unheard")))
        .on_server_side("none", async |ack: Ack| ack.send(&()))
        .on_server_side("half", async |State(name): State<String>, State(telling): Told, ack: Ack| {
            telling.send("half".to_owned()).expect("the test listens");
            if *name == "silent" { Ok(()) } else { ack.send(&*name) }
        })
        .on_server_side("to clients", async |clients: Operator, Args((a, b)): Args<(u8, u8)>| {
            clients.local().emit("sum", a + b)
        });
    let app = App::new().namespace(namespace).state(telling).state(name.to_owned());
    let config = Config { cluster: Some(cluster.clone()), ..patient() };
    let (server, io) = Server::serve(app, config, "127.0.0.1:0").await.expect("a free port");
    Node { server, io, told }
}

/// Nodes that know each other.
async fn nodes<const N: usize>(names: [&str; N]) -> [Node; N] {
    let cluster = Cluster::new();
    let mut nodes = Vec::new();
    for name in names {
        nodes.push(node(&cluster, name).await);
    }
    for node in &nodes {
        // A node hears of another in its own time.
        while names_of(&node.io).await.len() < N - 1 {
            tokio::task::yield_now().await;
        }
    }
    nodes.try_into().ok().expect("as many as there are names")
}

/// The names of the other nodes.
async fn names_of(io: &Io) -> Vec<String> {
    let answers = io.of("/").timeout(WAIT).server_side_ask("name", ()).await.expect("every node answers");
    let mut names: Vec<_> = answers.iter().map(|answer| answer.read().expect("a name")).collect();
    names.sort();
    names
}

async fn stop<const N: usize>(nodes: [Node; N]) {
    for node in nodes {
        node.server.shutdown().await;
    }
}

#[tokio::test]
async fn an_event_reaches_the_other_nodes_and_no_client() {
    let mut nodes = nodes(["a", "b", "c"]).await;
    let mut clients = Vec::new();
    for node in &nodes {
        clients.push(join(&node.server, "").await);
    }
    nodes[0].io.server_side_emit("news", "from a").unwrap();
    nodes[0].io.server_side_emit("nobody handles it", ()).unwrap();
    for node in &mut nodes[1..] {
        assert_eq!(node.told.recv().await.unwrap(), "from a");
    }
    nodes[1].io.server_side_emit("news", "from b").unwrap();
    assert_eq!(nodes[0].told.recv().await.unwrap(), "from b", "a node does not hear itself");
    assert_eq!(nodes[2].told.recv().await.unwrap(), "from b");
    nodes[0].io.emit("end", ()).unwrap();
    for client in &mut clients {
        assert_eq!(client.next().await, r#"42["end"]"#);
    }
    stop(nodes).await;
}

#[tokio::test]
async fn every_other_node_answers_once() {
    let nodes = nodes(["a", "b", "c"]).await;
    assert_eq!(names_of(&nodes[0].io).await, ["b", "c"]);
    assert_eq!(names_of(&nodes[1].io).await, ["a", "c"]);
    let answers = nodes[2].io.server_side_ask("none", ()).await.unwrap();
    let values: Vec<Option<u8>> = answers.iter().map(|answer| answer.read().unwrap()).collect();
    assert_eq!(values, [None, None]);
    stop(nodes).await;
}

#[tokio::test]
async fn what_came_in_time_is_told_where_a_node_is_silent() {
    let nodes = nodes(["a", "b", "silent"]).await;
    let mut wait = Duration::from_millis(20);
    let partial = loop {
        let answers = nodes[0].io.of("/").timeout(wait).server_side_ask("half", ()).await;
        let Err(ServerSideError::TimedOut(partial)) = answers else { panic!("{answers:?}") };
        // A machine under load may take longer.
        if !partial.is_empty() || wait > WAIT {
            break partial;
        }
        wait *= 2;
    };
    let names: Vec<String> = partial.iter().map(|answer| answer.read().unwrap()).collect();
    assert_eq!(names, ["b"]);
    let nobody = nodes[0].io.of("/").timeout(Duration::ZERO).server_side_ask("nobody handles it", ()).await;
    assert_eq!(nobody.unwrap_err().to_string(), "not every node answered in time, only 0");
    stop(nodes).await;
}

#[tokio::test]
async fn a_node_that_leaves_owes_no_answer() {
    let [first, second, mut silent] = nodes(["a", "b", "silent"]).await;
    let all = first.io.of("/").timeout(WAIT);
    let (answers, ()) = tokio::join!(all.server_side_ask("half", ()), async {
        assert_eq!(silent.told.recv().await.unwrap(), "half");
        silent.server.shutdown().await;
    });
    assert_eq!(answers.unwrap().len(), 1);
    assert_eq!(names_of(&first.io).await, ["b"]);
    stop([first, second]).await;
}

#[tokio::test]
async fn whoever_stops_waits_for_no_answer() {
    let [first, mut silent] = nodes(["a", "silent"]).await;
    let all = first.io.of("/").timeout(WAIT);
    let (answers, ()) = tokio::join!(all.server_side_ask("half", ()), async {
        assert_eq!(silent.told.recv().await.unwrap(), "half");
        first.server.shutdown().await;
    });
    assert!(matches!(answers, Err(ServerSideError::TimedOut(partial)) if partial.is_empty()));
    assert!(first.io.server_side_ask("half", ()).await.is_err());
    stop([silent]).await;
}

#[tokio::test]
async fn without_others_there_are_no_answers() {
    let [alone] = nodes(["a"]).await;
    assert!(alone.io.server_side_ask("name", ()).await.unwrap().is_empty());
    stop([alone]).await;

    let (telling, mut told) = mpsc::unbounded_channel::<()>();
    let tells = async |State(telling): State<UnboundedSender<()>>| telling.send(());
    let app = App::new().state(telling).namespace(Namespace::new("/").on_server_side("news", tells));
    let (server, io) = Server::serve(app, patient(), "127.0.0.1:0").await.unwrap();
    io.server_side_emit("news", ()).unwrap();
    assert!(io.server_side_ask("news", ()).await.unwrap().is_empty());
    assert!(io.of("/nowhere").server_side_ask("news", ()).await.is_err());
    server.shutdown().await;
    assert!(told.try_recv().is_err(), "it does not tell itself");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    let nodes = nodes(["a", "b"]).await;
    let io = &nodes[0].io;
    let reserved = r#""connect" is a reserved event name"#;
    assert_eq!(io.server_side_emit("connect", ()).unwrap_err().to_string(), reserved);
    let asked = io.server_side_ask("connect", ()).await;
    assert_eq!(asked.unwrap_err().to_string(), reserved);
    // Nobody reads what is nested more deeply than any packet may be.
    let deep = (0..200).fold(serde_json::Value::Null, |inner, _| vec![inner].into());
    assert!(io.server_side_emit("news", deep).is_err());
    assert_eq!(names_of(io).await, ["b"]);
    stop(nodes).await;
}

#[tokio::test]
async fn a_namespace_is_asked_where_it_exists() {
    let nodes = nodes(["a", "b"]).await;
    let late = nodes[0].io.of("/late").timeout(WAIT);
    assert!(late.server_side_ask("name", ()).await.unwrap().is_empty(), "nobody has been there");
    let mut client = join(&nodes[1].server, "/late,").await;
    assert_eq!(late.server_side_ask("name", ()).await.unwrap().len(), 1);
    late.server_side_emit("to clients", (40, 2)).unwrap();
    assert_eq!(client.next().await, r#"42/late,["sum",42]"#);
    stop(nodes).await;
}

#[tokio::test]
async fn handlers_take_what_there_is_without_a_client() {
    type Taken<T> = Result<T, Rejection>;
    let takes = async |EventName(name): EventName,
                       socket: Taken<Socket>,
                       auth: Taken<Auth<serde_json::Value>>,
                       query: Taken<Query>,
                       ack: Ack| {
        let reasons = [socket.unwrap_err(), auth.unwrap_err(), query.unwrap_err()];
        ack.send(&((name, reasons.map(|reason| reason.to_string())),))
    };
    let app = || {
        let namespace = Namespace::new("/").on_server_side("takes", takes);
        // None of this is for what nodes send.
        App::new()
            .namespace(namespace.before(async || Err("no")).on("takes", async |ack: Ack| ack.send("no")))
    };
    let cluster = Cluster::new();
    let config = || Config { cluster: Some(cluster.clone()), ..patient() };
    let (first, _) = Server::serve(app(), config(), "127.0.0.1:0").await.unwrap();
    // This one knew the other when it arrived.
    let (second, io) = Server::serve(app(), config(), "127.0.0.1:0").await.unwrap();
    let answers = io.server_side_ask("takes", ()).await.unwrap();
    let (name, reasons): (String, [String; 3]) = answers[0].read().unwrap();
    assert_eq!(name, "takes");
    assert_eq!(reasons, ["another node speaks, and no client"; 3]);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test]
async fn events_are_lost_where_handlers_are_too_slow() {
    let (telling, mut told) = mpsc::unbounded_channel::<()>();
    let slow = async |State(gate): State<Semaphore>, State(telling): State<UnboundedSender<()>>| {
        assert!(gate.acquire().await.is_err(), "it opens for all at once");
        telling.send(())
    };
    let opens = async |State(gate): State<Semaphore>, ack: Ack| {
        gate.close();
        ack.send(&())
    };
    let app = App::new()
        .state(Semaphore::new(0))
        .state(telling)
        .namespace(Namespace::new("/").on_server_side("slow", slow))
        .namespace(Namespace::new("/gate").on_server_side("open", opens));
    let cluster = Cluster::new();
    let config = Config { cluster: Some(cluster.clone()), max_outbox_bytes: 100_000, ..patient() };
    let (server, _) = Server::serve(app, config.clone(), "127.0.0.1:0").await.unwrap();
    let gate = App::new().namespace(Namespace::new("/gate"));
    let (sender, io) = Server::serve(gate, config, "127.0.0.1:0").await.unwrap();
    for _ in 0..20 {
        io.server_side_emit("slow", "x".repeat(10_000)).unwrap();
    }
    assert_eq!(io.of("/gate").server_side_ask("open", ()).await.unwrap().len(), 1);
    sender.shutdown().await;
    server.shutdown().await;
    // All that began have ended.
    let handled = iter::from_fn(|| told.try_recv().ok()).count();
    assert_eq!(handled, 10);
}

/// Two testees, of which the first has a name, with a client each.
async fn testees() -> ([Server; 2], [Ws; 2]) {
    let cluster = Cluster::new();
    let config = |node: Option<&str>| Config {
        cluster: Some(cluster.clone()),
        node: node.map(ToOwned::to_owned),
        ..patient()
    };
    let servers = [start_with(config(Some("first"))).await, start_with(config(None)).await];
    let mut clients = [join(&servers[0], "").await, join(&servers[1], "").await];
    for client in &mut clients {
        assert_eq!(client.next().await, r#"42["auth",{}]"#);
    }
    (servers, clients)
}

async fn command(ws: &mut Ws, command: &str) -> String {
    ws.send(&format!(r#"420["do",{command}]"#)).await;
    ws.next().await
}

#[tokio::test]
async fn the_testee_passes_on_what_other_nodes_say() {
    let ([first, second], [mut ada, mut bob]) = testees().await;
    let ask = r#"{"op":"server-side-emit","event":"who","args":[1,"x"],"ack":true}"#;
    assert_eq!(command(&mut bob, ask).await, r#"430[{"responses":["first"]}]"#);
    assert_eq!(ada.next().await, r#"42["server-side","who",1,"x"]"#);
    // By now the first node has heard of the other.
    let port = second.local_addr().port();
    assert_eq!(command(&mut ada, ask).await, format!(r#"430[{{"responses":["node-{port}"]}}]"#));
    assert_eq!(bob.next().await, r#"42["server-side","who",1,"x"]"#);

    let tell =
        r#"451-0["do",{"op":"server-side-emit","event":"blob","args":[{"_placeholder":true,"num":0}]}]"#;
    ada.send(tell).await;
    ada.send_binary(&[1, 2, 3]).await;
    assert_eq!(ada.next().await, "430[{}]");
    assert_eq!(bob.next().await, r#"451-["server-side","blob",{"_placeholder":true,"num":0}]"#);
    assert_eq!(bob.next().await, r#"Binary(b"\x01\x02\x03")"#);

    for (wrong, error) in [
        (r#"{"op":"server-side-emit"}"#, "the name of an event is needed"),
        (r#"{"op":"server-side-emit","event":"x","args":1}"#, "args must be a list"),
        (r#"{"op":"server-side-emit","event":"connect"}"#, r#"\"connect\" is a reserved event name"#),
    ] {
        assert_eq!(command(&mut ada, wrong).await, format!(r#"430[{{"error":"{error}"}}]"#));
    }
    assert!(command(&mut ada, r#"{"op":"about"}"#).await.contains(r#""cluster","server-side-emit""#));
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test]
async fn a_testee_without_a_cluster_does_not_offer_it() {
    let server = Server::bind(patient(), "127.0.0.1:0").await.unwrap();
    let mut ada = join(&server, "").await;
    assert_eq!(ada.next().await, r#"42["auth",{}]"#);
    let ask = r#"{"op":"server-side-emit","event":"who","ack":true}"#;
    assert_eq!(command(&mut ada, ask).await, r#"430[{"error":"not offered"}]"#);
    assert!(!command(&mut ada, r#"{"op":"about"}"#).await.contains("server-side-emit"));
    server.shutdown().await;
}
