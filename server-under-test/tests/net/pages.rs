//! What is served beside sessions, and in which form.

use std::{fs, path::Path, sync::Arc};

use flate2::read::GzDecoder;
use siospec_server::{Bundle, Config};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::client::{POLLING, Ws, joined, open, patient, post, raw, request, start_with};

#[tokio::test]
async fn browsers_get_the_client() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bundle");
    fs::create_dir_all(&folder).unwrap();
    assert!(Bundle::read(folder.join("nothing")).is_err());
    fs::write(folder.join("socket.io.min.js"), "io()").unwrap();
    fs::write(folder.join("socket.io.min.js.map"), "{}").unwrap();
    fs::write(folder.join("README.md"), "secret").unwrap();
    let bundle = Some(Arc::new(Bundle::read(&folder).unwrap()));
    let server = start_with(Config { bundle, cors_origin: Some("*".to_owned()), ..patient() }).await;
    let at = server.local_addr();

    let script = request(at, "GET", "socket.io.min.js?v=1", "", "").await;
    assert_eq!((script.status, script.body.as_str()), (200, "io()"));
    assert_eq!(script.header("content-type"), Some("application/javascript; charset=utf-8"));
    assert_eq!(script.header("cache-control"), Some("public, max-age=0"));
    assert_eq!(script.header("access-control-allow-origin"), Some("*"));
    let etag = script.header("etag").expect("something to come back with");
    for known in [etag.to_owned(), format!(r#""other", W/{etag}"#)] {
        let known = request(at, "GET", "socket.io.min.js", &format!("If-None-Match: {known}\r\n"), "").await;
        assert_eq!((known.status, known.body.as_str(), known.header("etag")), (304, "", Some(etag)));
    }
    let stale = request(at, "GET", "socket.io.min.js", "If-None-Match: \"0\"\r\n", "").await;
    assert_eq!(stale.status, 200);

    let map = request(at, "GET", "socket.io.min.js.map", "", "").await;
    assert_eq!(map.header("content-type"), Some("application/json; charset=utf-8"));
    assert_ne!(map.header("etag"), Some(etag));
    for other in ["README.md", "../bundle/socket.io.min.js", "socket.io.js", ""] {
        assert_eq!(request(at, "GET", other, "", "").await.status, 400, "{other}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn files_need_no_folder() {
    let long = "io()".repeat(1000);
    let files = [("socket.io.js", &*long), ("socket.io.js.map", "{}"), ("README.md", "no script")];
    let bundle = Bundle::of(files.map(|(name, text)| (name.to_owned(), text.to_owned().into())));
    let server = start_with(Config { bundle: Some(Arc::new(bundle)), ..patient() }).await;
    let at = server.local_addr();
    assert_eq!(request(at, "GET", "socket.io.js", "", "").await.body, long);
    assert_eq!(request(at, "GET", "README.md", "", "").await.status, 400);
    let map = request(at, "GET", "socket.io.js.map", "", "").await;
    assert_eq!(map.header("content-type"), Some("application/json; charset=utf-8"));
    server.shutdown().await;
}

#[tokio::test]
async fn long_polls_are_compressed_for_those_who_like_it() {
    let server = start_with(Config { compress_from_bytes: Some(1000), ..patient() }).await;
    let at = server.local_addr();
    let sid = joined(at).await;
    let long = format!(r#"42["message","{}"]"#, "x".repeat(2000));
    let args = r#"["@"]}]"#.replace('@', &"x".repeat(2000));
    let plain = format!(r#"42["do",{{"op":"emit","event":"message-back","compress":false,"args":{args}"#);
    let short = (r#"42["message",1]"#, r#"42["message-back",1]"#);
    let echoed = long.replace("message", "message-back");
    for ((body, answer), compressed) in
        [((long.as_str(), echoed.as_str()), true), (short, false), ((plain.as_str(), echoed.as_str()), false)]
    {
        post(at, &sid, body).await;
        let mut stream = TcpStream::connect(at).await.unwrap();
        let head =
            format!("GET /socket.io/{POLLING}&sid={sid} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        stream.write_all(format!("{head}Accept-Encoding: br, gzip\r\n\r\n").as_bytes()).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        let end = response.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(response[..end].to_vec()).unwrap();
        assert_eq!(head.contains("content-encoding: gzip"), compressed, "{head}");
        let mut text = String::new();
        match compressed {
            true => std::io::Read::read_to_string(&mut GzDecoder::new(&response[end..]), &mut text).unwrap(),
            false => std::io::Read::read_to_string(&mut &response[end..], &mut text).unwrap(),
        };
        assert_eq!(text, answer);
    }
    // Who does not ask gets it as it is.
    post(at, &sid, &long).await;
    assert!(crate::client::get(at, &sid).await.body.starts_with(r#"42["message-back","xxx"#));
    server.shutdown().await;
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let server = start_with(Config { metrics_path: Some("/metrics".to_owned()), ..patient() }).await;
    let at = server.local_addr();
    let page = async || raw(at, "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await;
    let has = |page: &str, line: &str| assert!(page.lines().any(|it| it == line), "{line} is not in\n{page}");
    let sid = open(at).await;
    post(at, &sid, "40|42[\"message\",1]").await;
    let mut ws = Ws::joined(at).await;
    ws.send(r#"42["message",1]"#).await;
    ws.next().await;
    let before = page().await;
    assert_eq!(
        before.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    for line in [
        r#"siospec_sessions{transport="polling"} 1"#,
        r#"siospec_sessions{transport="websocket"} 1"#,
        r#"siospec_sessions_opened_total{transport="websocket"} 1"#,
        r#"siospec_packets_total{transport="polling",direction="received"} 2"#,
        r#"siospec_bytes_total{transport="polling",direction="received"} 18"#,
        r#"siospec_packets_total{transport="websocket",direction="received"} 2"#,
        r#"siospec_packets_total{transport="websocket",direction="sent"} 4"#,
        r#"siospec_bytes_total{transport="websocket",direction="received"} 17"#,
    ] {
        has(&before.body, line);
    }
    post(at, &sid, "1").await;
    has(&page().await.body, r#"siospec_sessions{transport="polling"} 0"#);
    server.shutdown().await;
}
