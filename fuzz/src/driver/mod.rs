//! The driver of the reference server, over connections in memory that do everything in pieces.

mod choppy;
mod peer;

use arbitrary::{Arbitrary, Unstructured};
use peer::{Network, Websocket, request};
use siospec_server::{Attached, Config};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

/// Longer than anything takes; whoever waits so long waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What happens on a few connections.
#[derive(Arbitrary, Debug)]
struct Script {
    capacity: u8,
    /// How much reads and writes do, for one end of one connection after the other.
    numbers: Vec<Vec<u8>>,
    polling: Vec<Said>,
    /// The polling client changes to websocket after what it has said.
    changes: bool,
    websocket: Vec<Said>,
    /// What somebody sends who is no client at all, and whether over a websocket.
    noise: Option<(bool, Vec<u8>)>,
}

#[derive(Arbitrary, Debug)]
struct Said {
    text: String,
    attachment: Option<Vec<u8>>,
    /// Where a websocket message is cut into frames.
    cuts: Vec<u8>,
    /// Whether the answer is read before anything else is said.
    waits: bool,
}

/// However a connection is chopped up: everybody is answered, hears every answer once and in order, and everything ends
/// when the server does, whatever somebody else sends meanwhile.
pub fn holds(data: &[u8]) {
    let Ok(mut script) = Script::arbitrary(&mut Unstructured::new(data)) else { return };
    script.polling.truncate(8);
    script.websocket.truncate(8);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let played = runtime.block_on(async { tokio::time::timeout(PATIENCE, play(script)).await });
    assert!(played.is_ok(), "somebody waits in vain");
}

async fn play(script: Script) {
    let config = Config {
        // Nothing is to depend on time here.
        ping_interval: PATIENCE * 2,
        connect_timeout: PATIENCE * 2,
        metrics_path: Some("/metrics".to_owned()),
        max_payload_bytes: 5000,
        ..Config::testee()
    };
    let server = Attached::new(config);
    // A few bytes always find room, as they do everywhere: both sides may say goodbye at once.
    let mut network = Network::new(&server, 64 + 4 * usize::from(script.capacity), script.numbers);
    // Everybody has been there before, and is there still when somebody makes noise.
    let mut bystander = joined(&mut network).await;
    if let Some((websocket, noise)) = &script.noise {
        make_noise(&mut network, *websocket, noise).await;
    }
    talk_on_websocket(&mut bystander, &script.websocket).await;
    bystander.close().await;
    talk_on_polling(&mut network, &script.polling, script.changes).await;
    let opened_by_noise = matches!(script.noise, Some((false, _)));
    check_metrics(&mut network, opened_by_noise).await;
    server.shutdown().await;
}

async fn joined(network: &mut Network) -> Websocket {
    let mut websocket = network.websocket(None).await;
    websocket.say("40").await;
    for expected in ["0{", "40{", "42[\"auth\""] {
        let message = websocket.next().await;
        assert!(message.to_text().is_ok_and(|text| text.starts_with(expected)), "{message:?}");
    }
    websocket
}

/// The messages of an event, and those of its echo.
fn event(said: &Said) -> (Vec<Message>, Vec<Message>) {
    let text = serde_json::to_string(&said.text).expect("text is JSON");
    let (head, placeholder) = match said.attachment {
        Some(_) => ("451-", r#",{"_placeholder":true,"num":0}"#),
        None => ("42", ""),
    };
    let messages = |name: &str| {
        let event = Message::text(format!(r#"{head}["{name}",{text}{placeholder}]"#));
        [event].into_iter().chain(said.attachment.clone().map(Message::binary)).collect()
    };
    (messages("message"), messages("message-back"))
}

async fn talk_on_websocket(websocket: &mut Websocket, all: &[Said]) {
    let mut expected = Vec::new();
    for said in all {
        let (messages, echo) = event(said);
        for message in &messages {
            // Frames are few, so that all answers find room without being read.
            let cuts = said.cuts.get(..4).unwrap_or(&said.cuts);
            match message {
                Message::Binary(bytes) => websocket.feed(bytes, false, cuts).await,
                message => websocket.feed(message.to_text().expect("text").as_bytes(), true, cuts).await,
            }
        }
        expected.extend(echo);
        if said.waits {
            hear(websocket, &mut expected).await;
        }
    }
    hear(websocket, &mut expected).await;
}

async fn hear(websocket: &mut Websocket, expected: &mut Vec<Message>) {
    websocket.flush().await;
    for message in expected.drain(..) {
        assert_eq!(websocket.next().await, message);
    }
}

async fn talk_on_polling(network: &mut Network, all: &[Said], changes: bool) {
    let mut client = network.polling().await;
    client.post(&["40".to_owned()]).await;
    for expected in ["40{", "42[\"auth\""] {
        assert!(client.next().await.starts_with(expected));
    }
    let mut expected = Vec::new();
    for said in all {
        // U+001E has no escape in a body, but in JSON.
        let (messages, echo) = event(said);
        let body: Vec<String> = messages.iter().map(packet).collect();
        client.post(&body).await;
        expected.extend(echo.iter().map(packet));
        if said.waits {
            for packet in expected.drain(..) {
                assert_eq!(client.next().await, packet);
            }
        }
    }
    if !changes {
        for packet in expected {
            assert_eq!(client.next().await, packet);
        }
        return client.post(&["1".to_owned()]).await;
    }
    let mut websocket = network.websocket(Some(&client.sid)).await;
    websocket.say("2probe").await;
    assert_eq!(websocket.next().await, Message::text("3probe"));
    websocket.say("5").await;
    for packet in expected {
        let message = websocket.next().await;
        assert_eq!(self::packet(&message), packet, "what waited comes over the websocket");
    }
    websocket.say("1").await;
    websocket.close().await;
}

/// A message as polling carries it.
fn packet(message: &Message) -> String {
    use siospec_codec::{Encode as _, engine::Packet};
    match message {
        Message::Binary(bytes) => Packet::binary(bytes).to_text(),
        message => message.to_text().expect("text").to_owned(),
    }
}

async fn make_noise(network: &mut Network, websocket: bool, noise: &[u8]) {
    let (mut reader, mut writer) = tokio::io::split(network.connect());
    let handshake = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n\
                     Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let head = if websocket { handshake.as_bytes() } else { &[] };
    let bytes = [head, noise].concat();
    // The server may have heard enough before the end, and says so to somebody who has not finished.
    let write = async {
        let _ = writer.write_all(&bytes).await;
        let _ = writer.shutdown().await;
    };
    let mut answer = Vec::new();
    let _ = tokio::join!(write, reader.read_to_end(&mut answer));
}

/// Everybody has said goodbye: no session is left, but on polling those that noise may have opened.
async fn check_metrics(network: &mut Network, opened_by_noise: bool) {
    let mut http = network.http().await;
    let (status, page) = request(&mut http, "GET", "/metrics", "").await;
    assert_eq!(status, 200);
    let gauge =
        if opened_by_noise { r#"siospec_sessions{transport="websocket"}"# } else { "siospec_sessions{" };
    let open: Vec<&str> = page.lines().filter(|line| line.starts_with(gauge)).collect();
    assert!(!open.is_empty() && open.iter().all(|line| line.ends_with(" 0")), "{open:?}");
}
