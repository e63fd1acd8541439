//! The faults that live in HTTP headers or below the websocket library.

use futures_util::{SinkExt as _, StreamExt as _};
use siospec_server::{Config, Fault, Server};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{Frame, coding::Data, coding::OpCode},
};

use crate::client::{POLLING, WEBSOCKET, Ws, get, open, patient, post, request, start_with};

async fn faulty(fault: Fault) -> Server {
    start_with(Config { max_payload_bytes: 100, ..patient() }.with_fault(fault)).await
}

#[tokio::test]
async fn headers_and_bodies_of_polling() {
    let server = faulty(Fault::NoCacheControl).await;
    assert_eq!(request(server.local_addr(), "GET", POLLING, "", "").await.header("cache-control"), None);

    let server = faulty(Fault::OpenAsOctetStream).await;
    let handshake = request(server.local_addr(), "GET", POLLING, "", "").await;
    assert_eq!(handshake.header("content-type"), Some("application/octet-stream"));

    let server = faulty(Fault::PostAnswersUpperCase).await;
    let sid = open(server.local_addr()).await;
    assert_eq!(post(server.local_addr(), &sid, "40").await.body, "OK");
}

#[tokio::test]
async fn session_ids() {
    let server = faulty(Fault::SidSequential).await;
    assert_eq!(open(server.local_addr()).await, "00000000000000000001");

    let server = faulty(Fault::SidUnknownOpensSession).await;
    assert!(get(server.local_addr(), "nothing").await.body.starts_with("0{"));
    let sid = open(server.local_addr()).await;
    post(server.local_addr(), &sid, "1").await;
    assert_eq!(get(server.local_addr(), &sid).await.status, 400);

    let server = faulty(Fault::SidSurvivesClose).await;
    assert_eq!(get(server.local_addr(), "nothing").await.status, 400);
    let mut ws = Ws::connect(server.local_addr(), WEBSOCKET).await;
    let open = ws.next().await;
    ws.send("1").await;
    assert_eq!(ws.next().await, "close None");
    let sid = open.split('"').nth(3).unwrap();
    assert!(get(server.local_addr(), sid).await.body.starts_with("0{"));
}

#[tokio::test]
async fn sizes_of_websocket_messages() {
    let fitting = format!(r#"42["message","{}"]"#, "x".repeat(100 - 16));
    let server = faulty(Fault::WebsocketMaxPayloadOffByOne).await;
    let mut ws = Ws::joined(server.local_addr()).await;
    ws.send(&fitting).await;
    assert_eq!(ws.next().await, "close Some(1009)");

    let server = faulty(Fault::WebsocketUnlimited).await;
    let mut ws = Ws::joined(server.local_addr()).await;
    ws.send(&fitting.replace('x', "xx")).await;
    assert!(ws.next().await.starts_with(r#"42["message-back""#));
}

#[tokio::test]
async fn frames() {
    let server = faulty(Fault::WebsocketPingUnanswered).await;
    let mut ws = Ws::joined(server.local_addr()).await;
    ws.0.send(Message::Ping("hi".into())).await.unwrap();
    ws.send(r#"421["message-with-ack"]"#).await;
    assert_eq!(ws.next().await, "431[]");

    let server = faulty(Fault::FragmentsDropped).await;
    let mut ws = Ws::joined(server.local_addr()).await;
    ws.0.send(Message::Frame(Frame::message("42[\"mess", OpCode::Data(Data::Text), false))).await.unwrap();
    ws.0.send(Message::Frame(Frame::message("age\"]", OpCode::Data(Data::Continue), true))).await.unwrap();
    assert_eq!(ws.0.next().await.unwrap().unwrap(), Message::Close(None));
}
