//! Stopping.

use tokio::{net::TcpStream, runtime::Handle};

use crate::client::{POLLING, WEBSOCKET, Ws, finish, joined, open, start, start_get};

#[tokio::test]
async fn every_session_is_told_and_no_task_is_left() {
    let before = Handle::current().metrics().num_alive_tasks();
    let server = start().await;
    let at = server.local_addr();
    let mut ws = Ws::joined(at).await;
    let sid = joined(at).await;
    let held = start_get(at, &sid).await;
    let mut probing = Ws::connect(at, &format!("{WEBSOCKET}&sid={}", open(at).await)).await;
    probing.send("2probe").await;
    assert_eq!(probing.next().await, "3probe");
    let idle = TcpStream::connect(at).await.unwrap();
    ws.send(r#"421["message-with-ack"]"#).await;
    assert_eq!(ws.next().await, "431[]");

    let (held, told, closed, ()) = tokio::join!(finish(held), ws.next(), probing.next(), server.shutdown());
    // The GET may not have reached the session before the end.
    assert!(held.body == "1" || held.status == 400 || held.status == 0, "{held:?}");
    assert_eq!(told, "close None");
    assert_eq!(closed, "close None");
    assert_eq!(Handle::current().metrics().num_alive_tasks(), before);
    drop(idle);
    assert!(TcpStream::connect(at).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_half_sent_request_does_not_hold_it_up() {
    use tokio::io::AsyncWriteExt as _;
    let server = start().await;
    let at = server.local_addr();
    let sid = joined(at).await;
    let held = start_get(at, &sid).await;
    let mut half = TcpStream::connect(at).await.unwrap();
    let head =
        format!("POST /socket.io/{POLLING}&sid={sid} HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n40");
    half.write_all(head.as_bytes()).await.unwrap();
    let (_, ()) = tokio::join!(finish(held), server.shutdown());
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}
