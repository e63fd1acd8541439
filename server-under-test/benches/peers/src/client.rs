//! Text that clients send and servers answer: frames, requests, and what they hold.

/// A masked text frame.
pub(crate) fn frame(text: &str) -> Vec<u8> {
    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
    let mut frame = vec![0x81];
    match u8::try_from(text.len()).ok().filter(|length| *length < 126) {
        Some(length) => frame.push(0x80 | length),
        None => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(text.len()).expect("the load has short messages").to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(text.bytes().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

pub(crate) fn upgrade() -> Vec<u8> {
    let head = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
                Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    head.as_bytes().to_vec()
}

pub(crate) fn get(sid: &str) -> Vec<u8> {
    let sid = if sid.is_empty() { String::new() } else { format!("&sid={sid}") };
    format!("GET /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

pub(crate) fn post(sid: &str, body: &str) -> Vec<u8> {
    let head = "HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain;charset=UTF-8";
    let length = body.len();
    format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={sid} {head}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The payload of the first frame that a server sent, and the bytes it takes.
pub(crate) fn read_frame(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (head, length) = match *bytes.get(1)? & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => return None,
        length => (2, usize::from(length)),
    };
    Some((bytes.get(head..head + length)?, head + length))
}

/// The status and the body of the first response, and the bytes it takes.
pub(crate) fn read_response(bytes: &[u8]) -> Option<(u16, &[u8], usize)> {
    let head_bytes = bytes.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = str::from_utf8(&bytes[..head_bytes]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let length: usize = length.unwrap_or(0);
    Some((status, bytes.get(head_bytes..head_bytes + length)?, head_bytes + length))
}
