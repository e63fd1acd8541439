//! Words and numbers that mean something to some layer, some language, some limit.

use fastrand::Rng;

/// Names of events: of the protocol, of an application, and of what runtimes tell their own objects.
pub(super) const EVENTS: [&str; 33] = [
    "message",
    "message-with-ack",
    "auth",
    "hello",
    "connect",
    "connect_error",
    "connection",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
    "error",
    "close",
    "open",
    "end",
    "data",
    "drain",
    "packet",
    "ping",
    "pong",
    "upgrade",
    "upgrading",
    "upgradeError",
    "heartbeat",
    "reconnect",
    "finish",
    "timeout",
    "anything",
    "*",
    "",
    "emit",
    "join",
    "on",
];

/// Names that every object of some language has.
pub(super) const INHERITED: [&str; 13] = [
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "valueOf",
    "hasOwnProperty",
    "length",
    "toJSON",
    "then",
    "__class__",
    "__init__",
    "__dict__",
    "isPrototypeOf",
];

/// Namespaces.
pub(super) const NAMESPACES: [&str; 14] = [
    "/",
    "/custom",
    "/auth",
    "/dynamic-1",
    "/dynamic-99",
    "/admin",
    "/none",
    "//",
    "/a/b",
    "/?x=1",
    "/custom?token=1",
    "/__proto__",
    "custom",
    "/ ",
];

/// Numbers as text, around the limits of somebody's type.
pub(super) const NUMBERS: [&str; 26] = [
    "0",
    "1",
    "2",
    "3",
    "9",
    "10",
    "11",
    "99",
    "255",
    "256",
    "1000",
    "65535",
    "65536",
    "-1",
    "1.5",
    "0.5",
    "1e3",
    "1e400",
    "2147483647",
    "2147483648",
    "4294967296",
    "9007199254740991",
    "9007199254740993",
    "18446744073709551616",
    "00",
    "007",
];

/// JSON values.
pub(super) const VALUES: [&str; 34] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1e400",
    "9007199254740993",
    "\"\"",
    "\"a\"",
    "\"error\"",
    "\"toString\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "{\"toString\":1}",
    "{\"toString\":\"x\"}",
    "{\"valueOf\":1,\"toString\":1}",
    "{\"__proto__\":{\"a\":1}}",
    "{\"constructor\":{\"prototype\":1}}",
    "{\"length\":-1}",
    "{\"then\":1}",
    "{\"toJSON\":1}",
    "{\"_placeholder\":true,\"num\":0}",
    "{\"_placeholder\":true,\"num\":1}",
    "{\"_placeholder\":true,\"num\":-1}",
    "{\"_placeholder\":true,\"num\":\"toString\"}",
    "{\"_placeholder\":true,\"num\":0.5}",
    "{\"_placeholder\":true}",
    "{\"type\":\"Buffer\",\"data\":[1]}",
    "{\"message\":\"x\"}",
];

/// Kinds of bodies.
pub(super) const CONTENT_TYPES: [&str; 8] = [
    "text/plain;charset=UTF-8",
    "application/octet-stream",
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
    "text/plain; charset=utf-16",
    "x",
];

/// What somebody may look at in a query.
pub(super) const PARAMETERS: [&str; 12] = [
    "EIO",
    "transport",
    "sid",
    "t",
    "j",
    "b64",
    "token",
    "path",
    "__proto__",
    "constructor",
    "toString",
    "pid",
];

/// Transports, real ones and others.
pub(super) const TRANSPORTS: [&str; 12] = [
    "polling",
    "websocket",
    "webtransport",
    "flashsocket",
    "polling-jsonp",
    "",
    "toString",
    "constructor",
    "__proto__",
    "Polling",
    "polling,websocket",
    "x",
];

/// Headers that somebody may act upon.
pub(super) const HEADERS: [(&str, &str); 30] = [
    ("Origin", "http://127.0.0.1"),
    ("Origin", "null"),
    ("Cookie", "io=x"),
    ("Cookie", "a=b; a=c"),
    ("X", "1"),
    ("a", "b"),
    ("Connection", "close"),
    ("Connection", "Upgrade"),
    ("Connection", "keep-alive"),
    ("Upgrade", "websocket"),
    ("Upgrade", "h2c"),
    ("Upgrade", ""),
    ("Expect", "100-continue"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Length", "0"),
    ("Content-Length", "5"),
    ("Content-Length", "100000"),
    ("Content-Encoding", "gzip"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Version", "8"),
    ("Sec-WebSocket-Key", "x"),
    ("Sec-WebSocket-Protocol", "a, b"),
    ("Sec-WebSocket-Protocol", "a  ,, b  "),
    ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
    ("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=8; a=\"b\""),
    ("Access-Control-Request-Method", "POST"),
    ("Authorization", "Basic eDp4"),
    ("X-Forwarded-For", "1"),
    ("Range", "bytes=0-1"),
];

/// How often something is done again.
pub(super) const TIMES: [u32; 9] = [2, 3, 10, 11, 100, 128, 1000, 2048, 4096];

pub(super) fn pick<'a>(rng: &mut Rng, words: &[&'a str]) -> &'a str {
    words[rng.usize(..words.len())]
}
