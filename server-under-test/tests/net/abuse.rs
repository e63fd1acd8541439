//! Clients that do not mean well.

use std::time::Duration;

use siospec_server::Config;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::client::{POLLING, Ws, finish, get, joined, patient, raw, start, start_with};

const SOON: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let server = start_with(Config { head_timeout: SOON, ..patient() }).await;
    for beginning in ["", "GET /socket.io/ HTT", "GET /socket.io/ HTTP/1.1\r\nHost: test\r\n"] {
        let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 408"), "{beginning}: {rest}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_costs_the_session() {
    let server = start_with(Config { body_timeout: SOON, ..patient() }).await;
    let at = server.local_addr();
    let mut bystander = Ws::joined(at).await;
    let sid = joined(at).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let head =
        format!("POST /socket.io/{POLLING}&sid={sid} HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"42").await.unwrap();
    assert_eq!(finish(stream).await.status, 408);
    assert_eq!(get(at, &sid).await.body, r#"{"code":1,"message":"Session ID unknown"}"#);
    bystander.send(r#"42["message",1]"#).await;
    assert_eq!(bystander.next().await, r#"42["message-back",1]"#);
    server.shutdown().await;
}

#[tokio::test]
async fn a_head_has_a_largest_size() {
    let server = start().await;
    let head = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: test\r\nConnection: close\r\n";
    let padded = |bytes: usize| format!("{head}X-Padding: {}\r\n\r\n", "x".repeat(bytes));
    let limit = Config::default().max_head_bytes;
    assert_eq!(raw(server.local_addr(), padded(limit - 1000)).await.status, 200);
    assert_eq!(raw(server.local_addr(), padded(limit)).await.status, 431);
    server.shutdown().await;
}

#[tokio::test]
async fn a_flood_of_pings_is_answered_without_being_kept() {
    let server = start().await;
    let mut ws = Ws::joined(server.local_addr()).await;
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    for number in 0..1000 {
        ws.0.feed(Message::Ping(format!("{number}").into())).await.unwrap();
    }
    ws.send(r#"42["message",1]"#).await;
    let mut last = String::new();
    loop {
        match ws.0.next().await.unwrap().unwrap() {
            Message::Pong(payload) => last = String::from_utf8(payload.to_vec()).unwrap(),
            message => break assert_eq!(message, Message::text(r#"42["message-back",1]"#)),
        }
    }
    assert_eq!(last, "999");
    server.shutdown().await;
}
