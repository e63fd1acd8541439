//! Sessions on the connections of other HTTP servers.

use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use siospec_server::Attached;
use tokio::net::TcpListener;
use tokio_tungstenite::client_async;

use crate::client::{Ws, get, joined, patient, post, raw};

#[path = "../../examples/axum.rs"]
#[expect(dead_code, reason = "tests have a main function of their own")]
mod example;

#[tokio::test]
async fn an_axum_application_keeps_its_routes() {
    let sockets = Attached::new(patient());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let dialogue = async {
        let page = raw(at, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await;
        assert_eq!((page.status, page.body.as_str()), (200, "an ordinary page"));
        let other = raw(at, "GET /other HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await;
        assert_eq!((other.status, other.body.as_str()), (404, ""));

        let sid = joined(at).await;
        post(at, &sid, r#"42["message",1]"#).await;
        assert!(get(at, &sid).await.body.contains(r#"42["message-back",1]"#));

        let mut ws = Ws::joined(at).await;
        ws.send(r#"42["message",2]"#).await;
        assert_eq!(ws.next().await, r#"42["message-back",2]"#);
        ws
    };
    let mut ws = tokio::select! {
        served = example::serve(listener, &sockets) => panic!("the application ended: {served:?}"),
        ws = dialogue => ws,
    };
    sockets.shutdown().await;
    assert_eq!(ws.next().await, "close None");
}

/// As below TLS, where what is written cannot be handed to a socket right away.
#[tokio::test]
async fn a_connection_need_not_be_a_socket() {
    let sockets = Attached::new(patient());
    let (near, far) = tokio::io::duplex(64);
    let service = TowerToHyperService::new(sockets.service());
    let served = http1::Builder::new().serve_connection(TokioIo::new(far), service).with_upgrades();
    let served = tokio::spawn(served);
    let url = "ws://test/socket.io/?EIO=4&transport=websocket";
    let (mut ws, _) = client_async(url, near).await.unwrap();

    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    let long = "x".repeat(100_000);
    ws.send(Message::text("40")).await.unwrap();
    ws.send(Message::text(format!(r#"42["message","{long}"]"#))).await.unwrap();
    for expected in ["0{", "40{", r#"42["auth""#, r#"42["message-back","x"#] {
        let message = ws.next().await.unwrap().unwrap();
        assert!(message.to_text().unwrap().starts_with(expected), "{expected}");
    }
    sockets.shutdown().await;
    assert_eq!(ws.next().await.unwrap().unwrap(), Message::Close(None));
    assert!(served.await.unwrap().is_ok());
}
