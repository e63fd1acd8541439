//! Several nodes that are one server.

use siospec_server::{
    Cluster, Config, Server,
    io::{Ack, App, Data, Io, Namespace, Socket},
};

use crate::{
    app::{WAIT, join},
    client::{Ws, patient},
};

/// A node whose clients can join rooms, and speak to the others in one.
async fn node(cluster: &Cluster) -> (Server, Io) {
    let namespace = Namespace::matching(|name| name == "/" || name == "/late")
        .on("join", async |socket: Socket, Data(room): Data<String>, ack: Ack| {
            socket.join([room]);
            ack.send(&())
        })
        .on("to others", async |socket: Socket| socket.broadcast().emit("from another", ()));
    let config = Config { cluster: Some(cluster.clone()), ..patient() };
    Server::serve(App::new().namespace(namespace), config, "127.0.0.1:0").await.expect("a free port")
}

/// Two nodes that know each other, with a client each.
async fn pair() -> ([(Server, Io); 2], [Ws; 2]) {
    let cluster = Cluster::new();
    let nodes = [node(&cluster).await, node(&cluster).await];
    let clients = [join(&nodes[0].0, "").await, join(&nodes[1].0, "").await];
    for (_, io) in &nodes {
        // A node hears of another in its own time.
        while io.of("/").sockets().await.expect("nodes answer").len() < 2 {
            tokio::task::yield_now().await;
        }
    }
    (nodes, clients)
}

async fn enter(ws: &mut Ws, room: &str) {
    ws.send(&format!(r#"420["join","{room}"]"#)).await;
    assert_eq!(ws.next().await, "430[]");
}

async fn stop(nodes: [(Server, Io); 2]) {
    for (server, _) in nodes {
        server.shutdown().await;
    }
}

#[tokio::test]
async fn what_is_for_all_crosses_nodes_and_what_is_local_does_not() {
    let (nodes, [mut ada, mut bob]) = pair().await;
    let io = &nodes[0].1;
    io.of("/").local().emit("here", ()).unwrap();
    io.emit("everywhere", vec![1]).unwrap();
    assert_eq!(ada.next().await, r#"42["here"]"#);
    assert_eq!(ada.next().await, r#"42["everywhere",[1]]"#);
    // What is sent on one node arrives on another in its order, so that the first would have come before.
    assert_eq!(bob.next().await, r#"42["everywhere",[1]]"#);
    assert_eq!(io.of("/").local().sockets().await.unwrap().len(), 1);
    assert_eq!(io.of("/").sockets().await.unwrap().len(), 2);
    stop(nodes).await;
}

#[tokio::test]
async fn rooms_and_exceptions_span_nodes() {
    let (nodes, [mut ada, mut bob]) = pair().await;
    enter(&mut ada, "red").await;
    enter(&mut bob, "red").await;
    enter(&mut bob, "blue").await;
    let io = &nodes[0].1;
    io.to("red").except("blue").emit("not for bob", ()).unwrap();
    io.to("red").to("blue").emit("once each", ()).unwrap();
    assert_eq!(ada.next().await, r#"42["not for bob"]"#);
    assert_eq!(ada.next().await, r#"42["once each"]"#);
    assert_eq!(bob.next().await, r#"42["once each"]"#);

    ada.send(r#"42["to others"]"#).await;
    assert_eq!(bob.next().await, r#"42["from another"]"#);
    let sockets = io.to("blue").sockets().await.unwrap();
    assert_eq!(sockets.len(), 1);
    io.to(sockets[0].id()).emit("by id", ()).unwrap();
    assert_eq!(bob.next().await, r#"42["by id"]"#);
    io.emit("end", ()).unwrap();
    assert_eq!(ada.next().await, r#"42["end"]"#, "nobody hears what is for others");
    stop(nodes).await;
}

#[tokio::test]
async fn sockets_of_other_nodes_can_be_moved() {
    let (nodes, [mut ada, mut bob]) = pair().await;
    enter(&mut bob, "blue").await;
    let io = &nodes[0].1;
    io.to("blue").join(["green"]);
    io.to("green").leave(["blue"]);
    assert_eq!(io.to("blue").sockets().await.unwrap().len(), 0);
    assert!(io.to("green").sockets().await.unwrap()[0].rooms().contains(&"green".to_owned()));
    io.to("green").local().disconnect(false);
    io.to("green").emit("still there", ()).unwrap();
    assert_eq!(bob.next().await, r#"42["still there"]"#);
    io.to("green").disconnect(false);
    assert_eq!(bob.next().await, "41");
    io.emit("end", ()).unwrap();
    assert_eq!(ada.next().await, r#"42["end"]"#);
    stop(nodes).await;
}

#[tokio::test]
async fn acknowledgements_come_from_all_nodes() {
    let (nodes, [mut ada, mut bob]) = pair().await;
    let io = &nodes[0].1;
    let all = io.of("/").timeout(WAIT);
    let (answers, ()) = tokio::join!(all.ask("all?", ()), async {
        for (ws, answer) in [(&mut ada, "1"), (&mut bob, "2")] {
            let packet = ws.next().await;
            let id = packet.strip_prefix("42").and_then(|it| it.strip_suffix(r#"["all?"]"#)).unwrap();
            ws.send(&format!("43{id}[{answer}]")).await;
        }
    });
    let answers = answers.unwrap();
    let mut values: Vec<u8> = answers.responses.iter().map(|answer| answer.read().unwrap()).collect();
    values.sort_unstable();
    assert_eq!((values, answers.timed_out), (vec![1, 2], false));
    stop(nodes).await;
}

#[tokio::test]
async fn nobody_waits_for_a_node_that_is_gone() {
    let ([(first, io), (second, _)], [mut ada, mut bob]) = pair().await;
    let all = io.of("/").timeout(WAIT);
    let (answers, ()) = tokio::join!(all.ask("all?", ()), async {
        assert_eq!(bob.next().await, r#"420["all?"]"#);
        second.shutdown().await;
        let packet = ada.next().await;
        ada.send(&packet.replace("42", "43").replace(r#""all?""#, "1")).await;
    });
    let answers = answers.unwrap();
    assert_eq!((answers.responses.len(), answers.timed_out), (1, false));
    assert_eq!(io.of("/").sockets().await.unwrap().len(), 1);
    first.shutdown().await;
}

#[tokio::test]
async fn a_dynamic_namespace_may_have_its_sockets_elsewhere() {
    let (nodes, _clients) = pair().await;
    let mut late = join(&nodes[1].0, "/late,").await;
    nodes[0].1.of("/late").emit("found", ()).unwrap();
    assert_eq!(late.next().await, r#"42/late,["found"]"#);
    stop(nodes).await;
}

#[tokio::test]
async fn the_testee_tells_local_from_all() {
    let cluster = Cluster::new();
    let config = || Config { cluster: Some(cluster.clone()), ..patient() };
    let first = Server::bind(config(), "127.0.0.1:0").await.unwrap();
    let second = Server::bind(config(), "127.0.0.1:0").await.unwrap();
    let (mut ada, mut bob) = (join(&first, "").await, join(&second, "").await);
    assert_eq!(ada.next().await, r#"42["auth",{}]"#);
    assert_eq!(bob.next().await, r#"42["auth",{}]"#);
    for (local, event) in [("true", "here"), ("false", "everywhere")] {
        let command = format!(r#"{{"op":"emit","via":"server","local":{local},"event":"{event}"}}"#);
        ada.send(&format!(r#"420["do",{command}]"#)).await;
        assert_eq!(ada.next().await, format!(r#"42["{event}"]"#));
        assert_eq!(ada.next().await, "430[{}]");
    }
    assert_eq!(bob.next().await, r#"42["everywhere"]"#);
    first.shutdown().await;
    second.shutdown().await;
}
