//! From polling to websocket.

use crate::client::{WEBSOCKET, Ws, finish, get, joined, post, start, start_get};

#[tokio::test]
async fn a_round_trip() {
    let server = start().await;
    let at = server.local_addr();
    let sid = joined(at).await;
    let held = start_get(at, &sid).await;
    let mut ws = Ws::connect(at, &format!("{WEBSOCKET}&sid={sid}")).await;
    ws.send("2probe").await;
    assert_eq!(ws.next().await, "3probe");
    assert_eq!(finish(held).await.body, "6");
    assert_eq!(get(at, &sid).await.body, "6");
    assert_eq!(post(at, &sid, r#"42["message",1]"#).await.body, "ok");
    ws.send("5").await;
    ws.send(r#"42["message",2]"#).await;
    assert_eq!(ws.next().await, r#"42["message-back",1]"#);
    assert_eq!(ws.next().await, r#"42["message-back",2]"#);
    assert_eq!(get(at, &sid).await.body, r#"{"code":3,"message":"Bad request"}"#);
    assert_eq!(post(at, &sid, "3").await.status, 400);
    let mut second = Ws::connect(at, &format!("{WEBSOCKET}&sid={sid}")).await;
    assert_eq!(second.next().await, "close None");
    ws.send(r#"421["message-with-ack"]"#).await;
    assert_eq!(ws.next().await, "431[]");
    server.shutdown().await;
}

#[tokio::test]
async fn a_failed_probe_keeps_polling() {
    let server = start().await;
    let at = server.local_addr();
    let sid = joined(at).await;
    let mut ws = Ws::connect(at, &format!("{WEBSOCKET}&sid={sid}")).await;
    ws.send("4hello").await;
    assert_eq!(ws.next().await, "close None");
    post(at, &sid, r#"42["message",1]"#).await;
    assert_eq!(get(at, &sid).await.body, r#"42["message-back",1]"#);
    server.shutdown().await;
}
