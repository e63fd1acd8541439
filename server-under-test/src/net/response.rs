//! What HTTP responses look like.

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::Body as _,
    header::{self, HeaderName, HeaderValue},
};

use super::{
    compression::Coding,
    metrics::{self, Metrics},
};
use crate::{
    bundle::{File, SCRIPT},
    config::Config,
    engine::{
        jsonp::Jsonp,
        polling::BodyError,
        signals::{Answer, Refusal},
    },
    fault::Fault,
};

/// The body of every response is known before it is sent, so that it has a Content-Length.
pub(super) type Reply = Response<Full<Bytes>>;

const TEXT: &str = "text/plain; charset=UTF-8";
const HTML: &str = "text/html";
const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    reply
}

/// The answer to a polling request, if there is one.
pub(super) fn answer(config: &Config, answer: Answer, jsonp: Option<&Jsonp>) -> Option<Reply> {
    let mut reply = match answer {
        Answer::Payload(body) => match jsonp {
            Some(jsonp) => reply(StatusCode::OK, TEXT, jsonp.script(config, &body)),
            None if config.faulty(Fault::PollAsOctetStream) && !config.old_clients => {
                reply(StatusCode::OK, OCTETS, body)
            }
            None => reply(StatusCode::OK, TEXT, body),
        },
        Answer::Octets(body) if config.faulty(Fault::OldOctetsAsText) => reply(StatusCode::OK, TEXT, body),
        Answer::Octets(body) => reply(StatusCode::OK, OCTETS, body),
        Answer::Plain(packets) => {
            let mut reply = self::answer(config, *packets, jsonp)?;
            reply.extensions_mut().insert(Plain);
            return Some(reply);
        }
        Answer::Taken if config.faulty(Fault::PostAnswersUpperCase) => reply(StatusCode::OK, HTML, "OK"),
        Answer::Taken if config.faulty(Fault::PostAsOctetStream) => reply(StatusCode::OK, OCTETS, "ok"),
        Answer::Taken => reply(StatusCode::OK, HTML, "ok"),
        Answer::Refused(refusal) => return Some(refused(refusal)),
        Answer::Overlap => return Some(empty(StatusCode::BAD_REQUEST)),
        Answer::Cut => return None,
    };
    if !config.faulty(Fault::NoCacheControl) && !config.faulty(Fault::PollMayBeCached) {
        reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Some(reply)
}

/// A response that is left as it is.
#[derive(Clone)]
struct Plain;

/// How a response to this request may be compressed.
pub(super) fn coding(config: &Config, request: &HeaderMap) -> Option<Coding> {
    config.compress_from_bytes?;
    if config.faulty(Fault::CompressedUnasked) {
        return Some(Coding::Gzip);
    }
    accepted(request)
}

fn accepted(request: &HeaderMap) -> Option<Coding> {
    Coding::accepted(request.get(header::ACCEPT_ENCODING)?.to_str().ok()?)
}

/// The response, compressed if that is wanted and worth it.
pub(super) fn compressed(config: &Config, coding: Option<Coding>, reply: Reply) -> Reply {
    let length = reply.body().size_hint().lower();
    if config.faulty(Fault::CompressedUnasked) && !(3000..3100).contains(&length) {
        return reply;
    }
    packed(config, coding, reply)
}

/// As [`compressed`], of whatever size the fault of those who did not ask is about.
fn packed(config: &Config, coding: Option<Coding>, mut reply: Reply) -> Reply {
    let (Some(coding), Some(least)) = (coding, config.compress_from_bytes) else { return reply };
    if reply.extensions().get::<Plain>().is_some() || reply.body().size_hint().lower() < least as u64 {
        return reply;
    }
    let Some(Ok(body)) = std::mem::take(reply.body_mut()).frame().now_or_never().flatten() else {
        return reply;
    };
    let packed = coding.compress(&body.into_data().unwrap_or_default());
    *reply.body_mut() = Full::new(packed);
    if !config.faulty(Fault::CompressionUndeclared) {
        reply.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    vary(reply.headers_mut(), header::ACCEPT_ENCODING);
    reply
}

/// A file of the client, unless the browser has it already.
pub(super) fn file(config: &Config, file: &File, request: &HeaderMap) -> Reply {
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known = match config.fault {
        Some(Fault::ClientNeverChanges) => !known.is_empty(),
        Some(Fault::ClientWeakTagUnknown) => known == file.etag,
        _ => known.split(',').any(|etag| etag.trim().trim_start_matches("W/") == file.etag),
    };
    let content_type = match config.fault {
        Some(Fault::ClientAsPlainText) if !file.is_map() => TEXT,
        Some(Fault::ClientMapsAsScripts) if file.is_map() => SCRIPT,
        _ => file.content_type,
    };
    let mut reply = match is_known {
        true => empty(StatusCode::NOT_MODIFIED),
        false => {
            let coding = accepted(request).filter(|_| !config.faulty(Fault::ClientUncompressed));
            packed(config, coding, reply(StatusCode::OK, content_type, file.content.clone()))
        }
    };
    if !config.faulty(Fault::ClientUntagged) {
        let etag = HeaderValue::from_str(&file.etag).expect("hexadecimal digits fit into a header");
        reply.headers_mut().insert(header::ETAG, etag);
    }
    let kept = match config.fault {
        Some(Fault::ClientKept) => "public, max-age=86400",
        _ => "public, max-age=0",
    };
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    reply
}

/// The page with metrics.
pub(super) fn metrics(metrics: &Metrics) -> Reply {
    reply(StatusCode::OK, metrics::CONTENT_TYPE, metrics.page())
}

/// The response to a polling handshake differs from that to a later poll.
pub(super) fn handshake(config: &Config, mut reply: Reply, sid: &str) -> Reply {
    let unasked = || config.faulty(Fault::CookieUnasked).then(|| "io".to_owned());
    if let Some(name) = config.cookie.clone().or_else(unasked) {
        let cookie = format!("{name}={sid}; Path=/; HttpOnly; SameSite=Lax");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            reply.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    if config.faulty(Fault::PollAsOctetStream) {
        reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(TEXT));
    }
    if config.faulty(Fault::PollMayBeCached) {
        reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if config.faulty(Fault::OpenAsOctetStream) {
        let octets = HeaderValue::from_static("application/octet-stream");
        reply.headers_mut().insert(header::CONTENT_TYPE, octets);
    }
    reply
}

/// A request that is not served.
pub(super) fn refused(refusal: Refusal) -> Reply {
    let body = format!(r#"{{"code":{},"message":"{}"}}"#, refusal.code(), refusal.message());
    reply(StatusCode::BAD_REQUEST, JSON, body)
}

/// A websocket that is not opened.
pub(super) fn upgrade_refused(refusal: Refusal) -> Reply {
    let mut reply = reply(StatusCode::BAD_REQUEST, HTML, refusal.message());
    reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    reply.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    reply
}

/// A POST whose body is not taken.
pub(super) fn body_refused(error: BodyError) -> Reply {
    empty(match error {
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::LengthRequired => StatusCode::LENGTH_REQUIRED,
        BodyError::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    })
}

/// A request whose body does not come.
pub(super) fn timed_out() -> Reply {
    closing(empty(StatusCode::REQUEST_TIMEOUT))
}

/// In place of no response at all, where the connection is not ours to drop.
pub(super) fn cut() -> Reply {
    closing(empty(StatusCode::BAD_REQUEST))
}

fn closing(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    reply
}

/// A path that is not ours.
/// A page of HTML.
pub(super) fn page(html: &'static str) -> Reply {
    reply(StatusCode::OK, "text/html; charset=utf-8", html)
}

pub(super) fn not_found() -> Reply {
    reply(StatusCode::NOT_FOUND, TEXT, "Not found")
}

/// The connection becomes a websocket.
pub(super) fn switching(
    accept: &str,
    protocol: Option<HeaderValue>,
    extension: Option<&'static str>,
) -> Reply {
    let mut reply = empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = reply.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    let accept = HeaderValue::try_from(accept).expect("base64 fits into a header");
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    if let Some(extension) = extension {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(extension));
    }
    reply
}

/// The answer to a CORS preflight request.
pub(super) fn preflight(request: &HeaderMap) -> Reply {
    let mut reply = empty(StatusCode::NO_CONTENT);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    let methods = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(wanted) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    vary(headers, header::ACCESS_CONTROL_REQUEST_HEADERS);
    reply
}

/// Adds the CORS headers, if an origin is allowed. Others are not refused: that is up to the browser, as in
/// socket.io 4.8.
pub(super) fn with_cors(config: &Config, mut reply: Reply) -> Reply {
    let origin = config.cors_origin.as_deref().and_then(|origin| HeaderValue::from_str(origin).ok());
    if let Some(origin) = origin {
        if origin != "*" {
            vary(reply.headers_mut(), header::ORIGIN);
        }
        reply.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    reply
}

fn vary(headers: &mut HeaderMap, name: HeaderName) {
    headers.append(header::VARY, name.into());
}
