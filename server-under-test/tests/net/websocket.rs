//! WebSocket.

use futures_util::{SinkExt as _, StreamExt as _};
use siospec_server::Config;
use tokio_tungstenite::tungstenite::{Message, error::Error};

use crate::client::{WEBSOCKET, Ws, patient, start, start_with};

#[tokio::test]
async fn a_round_trip() {
    let server = start().await;
    let mut ws = Ws::joined(server.local_addr()).await;
    ws.send(r#"451-7["message-with-ack",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(b"4a").await;
    assert_eq!(ws.next().await, r#"461-7[{"_placeholder":true,"num":0}]"#);
    assert_eq!(ws.0.next().await.unwrap().unwrap(), Message::binary(b"4a".to_vec()));
    ws.0.send(Message::Ping("hi".into())).await.unwrap();
    assert_eq!(ws.0.next().await.unwrap().unwrap(), Message::Pong("hi".into()));
    ws.send("abc").await;
    assert_eq!(ws.next().await, "close None");
    server.shutdown().await;
}

#[tokio::test]
async fn bad_handshakes_are_refused_before_the_upgrade() {
    let server = start().await;
    for query in
        ["", "?EIO=4", "?transport=websocket", "?EIO=5&transport=websocket", &format!("{WEBSOCKET}&sid=x")]
    {
        match Ws::try_connect(server.local_addr(), query).await.map(|_| ()) {
            Err(error) => {
                assert!(matches!(*error, Error::Http(response) if response.status() == 400), "{query}")
            }
            Ok(()) => panic!("{query} was accepted"),
        }
    }
    server.shutdown().await;
}

#[tokio::test]
async fn the_size_of_messages_is_limited() {
    let server = start_with(Config { max_payload_bytes: 100, ..patient() }).await;
    let mut ws = Ws::joined(server.local_addr()).await;
    let fitting = format!(r#"42["message","{}"]"#, "x".repeat(100 - 16));
    ws.send(&fitting).await;
    assert!(ws.next().await.starts_with(r#"42["message-back""#));
    ws.0.feed(Message::text(r#"42["message",1]"#)).await.unwrap();
    ws.send(&format!("{fitting}x")).await;
    assert_eq!(ws.next().await, r#"42["message-back",1]"#);
    assert_eq!(ws.next().await, "close Some(1009)");
    server.shutdown().await;
}

#[tokio::test]
async fn a_close_frame_is_mirrored() {
    let server = start().await;
    let mut ws = Ws::joined(server.local_addr()).await;
    ws.0.close(None).await.unwrap();
    assert_eq!(ws.next().await, "close None");
    assert_eq!(ws.next().await, "gone");
    server.shutdown().await;
}

#[tokio::test]
async fn a_lost_connection_is_noticed() {
    let server = start().await;
    let mut watcher = Ws::joined(server.local_addr()).await;
    watcher.send(r#"421["do",{"op":"watch"}]"#).await;
    assert_eq!(watcher.next().await, "431[{}]");
    let other = Ws::joined(server.local_addr()).await;
    assert!(watcher.next().await.starts_with(r#"42["arrived""#));
    drop(other);
    assert!(watcher.next().await.contains(r#""transport close""#));
    server.shutdown().await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed() {
    let server = start_with(Config { max_outbox_bytes: 1 << 20, ..patient() }).await;
    let mut watcher = Ws::joined(server.local_addr()).await;
    watcher.send(r#"421["do",{"op":"watch"}]"#).await;
    watcher.next().await;
    let deaf = Ws::joined(server.local_addr()).await;
    assert!(watcher.next().await.starts_with(r#"42["arrived""#));
    let payload = "x".repeat(500_000);
    loop {
        watcher
            .send(&format!(r#"421["do",{{"op":"emit","event":"e","args":["{payload}"],"broadcast":true}}]"#))
            .await;
        if watcher.next().await.contains(r#""transport error""#) {
            break;
        }
    }
    server.shutdown().await;
    drop(deaf);
}

#[tokio::test]
async fn broadcasts_arrive_in_one_order_everywhere() {
    let server = start().await;
    let at = server.local_addr();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(Ws::joined(at).await);
    }
    const EACH: usize = 50;
    let talk = clients.into_iter().enumerate().map(|(number, mut ws)| {
        tokio::spawn(async move {
            for count in 0..EACH {
                let args = format!(r#"{{"op":"emit","event":"e","via":"server","args":[{number},{count}]}}"#);
                ws.send(&format!(r#"42["do",{args}]"#)).await;
            }
            let mut heard = Vec::new();
            while heard.len() < 4 * EACH {
                heard.push(ws.next().await);
            }
            heard
        })
    });
    let mut heard = Vec::new();
    for client in talk.collect::<Vec<_>>() {
        heard.push(client.await.unwrap());
    }
    assert!(heard.iter().all(|it| *it == heard[0]));
    server.shutdown().await;
}
