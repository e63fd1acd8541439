//! Compressed websocket messages.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use siospec_server::Config;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::client::{WEBSOCKET, patient, start_with};

const OFFER: &str = "permessage-deflate; client_max_window_bits";
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// A text message in one frame, and the same compressed.
const PLAIN: u8 = 0x81;
const BINARY: u8 = 0x82;
const COMPRESSED: u8 = 0xc1;
const CLOSE: u8 = 0x88;

/// A websocket whose frames are read and written here.
struct Frames {
    stream: TcpStream,
    head: String,
}

impl Frames {
    async fn open(config: Config, offer: &str) -> (siospec_server::Server, Self) {
        let server = start_with(config).await;
        let mut stream = TcpStream::connect(server.local_addr()).await.expect("the server listens");
        let request = format!(
            "GET /socket.io/{WEBSOCKET} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Extensions: {offer}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("more"));
        }
        let mut frames = Self { stream, head: String::from_utf8(head).expect("text") };
        frames.next().await;
        frames.send(PLAIN, b"40").await;
        frames.next().await;
        frames.next().await;
        (server, frames)
    }

    /// Sends a frame whose mask changes nothing.
    async fn send(&mut self, flags: u8, payload: &[u8]) {
        let mut frame = vec![flags, 0x80 | 126];
        frame.extend(u16::try_from(payload.len()).expect("short payloads").to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.write_all(&frame).await.expect("the server reads");
    }

    async fn next(&mut self) -> (u8, Vec<u8>) {
        let flags = self.stream.read_u8().await.expect("more");
        let length = match self.stream.read_u8().await.expect("more") {
            126 => usize::from(self.stream.read_u16().await.expect("more")),
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await.expect("more");
        (flags, payload)
    }
}

fn packed(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 100);
    let mut packer = Compress::new(Compression::best(), false);
    packer.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync).expect("room");
    out.truncate(out.len() - TAIL.len());
    out
}

fn unpacked(payload: &[u8]) -> String {
    let mut out = Vec::with_capacity(1 << 20);
    let whole = [payload, &TAIL].concat();
    Decompress::new(false)
        .decompress_vec(&whole, &mut out, FlushDecompress::Sync)
        .expect("what was compressed");
    String::from_utf8(out).expect("text")
}

fn deflating() -> Config {
    Config { deflate_from_bytes: Some(1000), max_payload_bytes: 10_000, ..patient() }
}

#[tokio::test]
async fn long_messages_are_compressed_when_that_is_agreed() {
    let (server, mut frames) = Frames::open(deflating(), OFFER).await;
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
    assert!(frames.head.contains(&format!("sec-websocket-extensions: {agreed}")), "{}", frames.head);
    let long = format!(r#"42["message","{}"]"#, "é".repeat(2000));
    for _ in 0..2 {
        frames.send(COMPRESSED, &packed(&long)).await;
        let (flags, payload) = frames.next().await;
        assert_eq!((flags, payload.len() < 100), (COMPRESSED, true));
        assert_eq!(unpacked(&payload), long.replace("message", "message-back"));
    }
    // Fragments: only the first says that the message is compressed.
    let whole = packed(&long);
    let (first, second) = whole.split_at(whole.len() / 2);
    frames.send(COMPRESSED & !0x80, first).await;
    frames.send(0x80, second).await;
    assert_eq!(frames.next().await.0, COMPRESSED);
    frames.send(COMPRESSED, &packed(r#"42["message",1]"#)).await;
    assert_eq!(frames.next().await, (PLAIN, br#"42["message-back",1]"#.to_vec()));
    // What is small outside is limited by what is inside.
    frames.send(COMPRESSED, &packed(&"x".repeat(10_001))).await;
    assert_eq!(frames.next().await, (CLOSE, 1009_u16.to_be_bytes().to_vec()));
    server.shutdown().await;
}

#[tokio::test]
async fn a_message_is_left_uncompressed_if_the_application_wants_it_so() {
    let (server, mut frames) = Frames::open(deflating(), OFFER).await;
    let text = "x".repeat(2000);
    let emit = |compress: bool| {
        let args = format!(r#"["{text}",{{"_placeholder":true,"num":0}}]"#);
        format!(r#"451-["do",{{"op":"emit","event":"news","compress":{compress},"args":{args}}}]"#)
    };
    for (compress, flags) in [(false, PLAIN), (true, COMPRESSED), (false, PLAIN)] {
        frames.send(PLAIN, emit(compress).as_bytes()).await;
        frames.send(BINARY, text.as_bytes()).await;
        let head = frames.next().await;
        assert_eq!(head.0, flags, "compress: {compress}");
        // The attachment is sent in the same way as the packet.
        let attachment = frames.next().await;
        assert_eq!(attachment.0, flags - PLAIN + BINARY, "compress: {compress}");
        let payload = if compress { unpacked(&head.1).into_bytes() } else { head.1 };
        assert!(payload.starts_with(br#"451-["news","xxx"#));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn nothing_is_compressed_unless_both_want_it() {
    for (config, offer) in [(deflating(), "other"), (patient(), OFFER)] {
        let (server, mut frames) = Frames::open(config, offer).await;
        assert!(!frames.head.contains("sec-websocket-extensions"), "{}", frames.head);
        let long = format!(r#"42["message","{}"]"#, "x".repeat(2000));
        frames.send(PLAIN, long.as_bytes()).await;
        assert_eq!(frames.next().await.0, PLAIN);
        frames.send(COMPRESSED, &packed(&long)).await;
        assert_eq!(frames.next().await, (CLOSE, 1002_u16.to_be_bytes().to_vec()));
        server.shutdown().await;
    }
}
