//! Polling.

use siospec_server::Config;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::client::{
    POLLING, Ws, finish, get, joined, open, patient, post, raw, request, start, start_get, start_with,
};

#[tokio::test]
async fn a_round_trip() {
    let server = start().await;
    let at = server.local_addr();
    let handshake = request(at, "GET", POLLING, "", "").await;
    assert_eq!(handshake.status, 200);
    assert_eq!(handshake.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(handshake.header("cache-control"), Some("no-store"));
    assert!(handshake.body.ends_with(
        r#""upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
    ));
    let sid = handshake.sid();
    let taken = post(at, &sid, "40").await;
    assert_eq!(
        (taken.status, taken.body.as_str(), taken.header("content-type")),
        (200, "ok", Some("text/html"))
    );
    let poll = get(at, &sid).await;
    assert!(poll.body.starts_with("40{") && poll.body.ends_with(r#"|42["auth",{}]"#), "{}", poll.body);
    post(at, &sid, r#"42["message","😀"]|1"#).await;
    assert_eq!(get(at, &sid).await.body, r#"{"code":1,"message":"Session ID unknown"}"#);
    server.shutdown().await;
}

#[tokio::test]
async fn refusals_are_json() {
    let server = start().await;
    let at = server.local_addr();
    for (method, query, body) in [
        ("GET", "?EIO=4", r#"{"code":0,"message":"Transport unknown"}"#),
        ("GET", "?EIO=4&transport=polling&sid=x", r#"{"code":1,"message":"Session ID unknown"}"#),
        ("POST", POLLING, r#"{"code":2,"message":"Bad handshake method"}"#),
        ("OPTIONS", POLLING, r#"{"code":2,"message":"Bad handshake method"}"#),
        ("GET", "?EIO=4&transport=websocket", r#"{"code":3,"message":"Bad request"}"#),
        ("GET", "?EIO=3&transport=polling", r#"{"code":5,"message":"Unsupported protocol version"}"#),
    ] {
        let refusal = request(at, method, query, "", "").await;
        assert_eq!((refusal.status, refusal.body.as_str()), (400, body), "{method} {query}");
        assert_eq!(refusal.header("content-type"), Some("application/json"));
    }
    assert_eq!(raw(at, "GET /other HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await.status, 404);
    server.shutdown().await;
}

#[tokio::test]
async fn bodies_may_come_in_pieces() {
    let server = start().await;
    let at = server.local_addr();
    let sid = joined(at).await;
    let head = format!("POST /socket.io/{POLLING}&sid={sid} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for piece in [&b"42[\"message\",\"\xe2\x82"[..], b"\xac\"]", b""] {
        chunked.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        chunked.extend_from_slice(piece);
        chunked.extend_from_slice(b"\r\n");
    }
    assert_eq!(raw(at, &chunked).await.body, "ok");
    assert_eq!(get(at, &sid).await.body, r#"42["message-back","€"]"#);
    server.shutdown().await;
}

#[tokio::test]
async fn the_size_of_bodies_is_limited() {
    let server = start_with(Config { max_payload_bytes: 100, ..patient() }).await;
    let at = server.local_addr();
    let sid = joined(at).await;
    let fitting = format!(r#"42["message","{}"]"#, "x".repeat(100 - 16));
    assert_eq!(fitting.len(), 100);
    assert_eq!(post(at, &sid, &fitting).await.status, 200);
    assert!(get(at, &sid).await.body.starts_with(r#"42["message-back""#));
    let refusal = post(at, &sid, &format!("{fitting}x")).await;
    assert_eq!((refusal.status, refusal.body.as_str()), (413, ""));
    assert_eq!(post(at, &sid, "3").await.status, 200, "the session stays");
    server.shutdown().await;
}

#[tokio::test]
async fn an_aborted_get_ends_the_session() {
    let server = start().await;
    let at = server.local_addr();
    let mut watcher = Ws::joined(at).await;
    watcher.send(r#"421["do",{"op":"watch"}]"#).await;
    assert_eq!(watcher.next().await, "431[{}]");
    let sid = joined(at).await;
    assert!(watcher.next().await.starts_with(r#"42["arrived""#));
    drop(start_get(at, &sid).await);
    assert!(watcher.next().await.contains(r#""transport error""#));
    assert_eq!(get(at, &sid).await.status, 400);
    server.shutdown().await;
}

#[tokio::test]
async fn an_aborted_post_ends_the_session() {
    let server = start().await;
    let at = server.local_addr();
    let sid = joined(at).await;
    let held = start_get(at, &sid).await;
    let mut half = TcpStream::connect(at).await.unwrap();
    let head =
        format!("POST /socket.io/{POLLING}&sid={sid} HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n40");
    half.write_all(head.as_bytes()).await.unwrap();
    drop(half);
    assert_eq!(finish(held).await.body, "1");
    server.shutdown().await;
}

#[tokio::test]
async fn a_second_get_is_refused() {
    let server = start().await;
    let at = server.local_addr();
    let sid = open(at).await;
    // Which of the two the server sees first is up to the network.
    let (one, other) = (start_get(at, &sid).await, start_get(at, &sid).await);
    let (one, other) = tokio::join!(finish(one), finish(other));
    let mut answers = [(one.status, one.body), (other.status, other.body)];
    answers.sort();
    assert_eq!(answers, [(200, "1".to_owned()), (400, String::new())]);
    assert_eq!(get(at, &sid).await.status, 400);
    server.shutdown().await;
}

#[tokio::test]
async fn cors_and_cookies_are_options() {
    let config =
        Config { cors_origin: Some("http://ok".to_owned()), cookie: Some("io".to_owned()), ..patient() };
    let server = start_with(config).await;
    let at = server.local_addr();
    let preflight = request(at, "OPTIONS", POLLING, "Access-Control-Request-Headers: x-a\r\n", "").await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-headers"), Some("x-a"));
    let handshake = request(at, "GET", POLLING, "Origin: http://bad\r\n", "").await;
    assert_eq!(handshake.header("access-control-allow-origin"), Some("http://ok"));
    let cookie = format!("io={}; Path=/; HttpOnly; SameSite=Lax", handshake.sid());
    assert_eq!(handshake.header("set-cookie"), Some(cookie.as_str()));
    let refusal = request(at, "GET", "", "", "").await;
    assert_eq!(refusal.header("access-control-allow-origin"), Some("http://ok"));
    server.shutdown().await;
}
