//! Clients of version 3 of Engine.IO, and those that poll with scripts.

use siospec_server::Config;

use crate::client::{POLLING, Ws, patient, request, start_with};

const OLD: &str = "?EIO=3&transport=polling";

fn old() -> Config {
    Config { old_clients: true, ..patient() }
}

#[tokio::test]
async fn bytes_are_labelled_as_such_and_text_is_not() {
    let server = start_with(old()).await;
    let at = server.local_addr();
    let handshake = request(at, "GET", OLD, "", "").await;
    assert_eq!(handshake.header("content-type"), Some("text/plain; charset=UTF-8"));
    let (sid, query) = (handshake.sid(), |sid: &str| format!("{OLD}&sid={sid}"));
    let event = r#"451-["message",{"_placeholder":true,"num":0}]"#;
    let posted = format!("{}:{event}10:b4AQIDBA==", event.len());
    assert_eq!(request(at, "POST", &query(&sid), "", &posted).await.body, "ok");
    let poll = request(at, "GET", &query(&sid), "", "").await;
    assert_eq!((poll.status, poll.header("content-type")), (200, Some("application/octet-stream")));
    let headers = "Content-Type: application/octet-stream\r\n";
    // What begins like a packet of text, but has no end to its length.
    let taken = request(at, "POST", &query(&sid), headers, "\0\u{1}").await;
    assert_eq!(
        (taken.status, taken.body.as_str()),
        (200, "ok"),
        "a broken payload ends the session afterwards"
    );
    assert_eq!(
        request(at, "GET", &query(&sid), "", "").await.body,
        r#"{"code":1,"message":"Session ID unknown"}"#
    );
    server.shutdown().await;
}

#[tokio::test]
async fn a_session_keeps_its_version() {
    let server = start_with(old()).await;
    let at = server.local_addr();
    let refusal = r#"{"code":3,"message":"Bad request"}"#;
    for (opened, other) in [(OLD, POLLING), (POLLING, OLD)] {
        let sid = request(at, "GET", opened, "", "").await.sid();
        assert_eq!(request(at, "GET", &format!("{other}&sid={sid}"), "", "").await.body, refusal);
    }
    let refused = request(at, "GET", "?EIO=2&transport=polling", "", "").await;
    assert_eq!(refused.body, r#"{"code":5,"message":"Unsupported protocol version"}"#);
    server.shutdown().await;
}

#[tokio::test]
async fn scripts_poll() {
    let server = start_with(old()).await;
    let at = server.local_addr();
    let handshake = request(at, "GET", &format!("{OLD}&j=3x"), "", "").await;
    assert!(handshake.body.starts_with(r#"___eio[3]("#), "{}", handshake.body);
    assert!(handshake.body.ends_with(r#"2:4013:42[\"auth\",{}]");"#), "{}", handshake.body);
    let sid = handshake.body.split('"').nth(4).unwrap().trim_end_matches('\\').to_owned();
    let query = format!("{OLD}&j=4&sid={sid}");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let taken = request(at, "POST", &query, form, r"d=18%3A42%5B%22message%22%2C%22%5C%5Cn%22%5D").await;
    assert_eq!((taken.status, taken.body.as_str()), (200, "ok"));
    let poll = request(at, "GET", &query, "", "").await;
    assert_eq!(poll.body, r#"___eio[4]("23:42[\"message-back\",\"\\n\"]");"#);
    server.shutdown().await;
}

#[tokio::test]
async fn websocket_messages_have_a_type() {
    let server = start_with(old()).await;
    let mut ws = Ws::connect(server.local_addr(), "?EIO=3&transport=websocket").await;
    assert!(ws.next().await.starts_with("0{"));
    assert_eq!(ws.next().await, "40");
    assert_eq!(ws.next().await, r#"42["auth",{}]"#);
    ws.send("2").await;
    assert_eq!(ws.next().await, "3");
    ws.send(r#"451-["message",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(b"\x04x").await;
    assert_eq!(ws.next().await, r#"451-["message-back",{"_placeholder":true,"num":0}]"#);
    assert_eq!(ws.next().await, r#"Binary(b"\x04x")"#);
    server.shutdown().await;
}
