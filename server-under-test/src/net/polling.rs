//! GET and POST.

use std::{
    pin::{Pin, pin},
    sync::Arc,
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{Request, body::Body, header};
use tokio::sync::oneshot;

use super::{
    driver::Driver,
    link::Link,
    request::Cut,
    response::{self, Reply},
};
use crate::{
    engine::{
        admission::Query,
        jsonp::Jsonp,
        polling::{BodyBuffer, BodyError, check_head},
        signals::{Answer, Input, RequestId, Transport},
    },
    fault::Fault,
};

/// U+001E, between the packets of a payload (Engine.IO protocol v4, "Packet encoding").
const SEPARATOR: u8 = 0x1e;
/// A payload that says nothing; only with a fault.
const NOOP: &[u8] = b"6";
/// How much of a body that is too large is read nevertheless, so that the client gets to read the response.
const DISCARD_BYTES: usize = 8 << 20;

/// A handshake.
pub(super) async fn open(driver: &Arc<Driver>, query: Query) -> Result<Reply, Cut> {
    let jsonp = Jsonp::of(&driver.config, &query);
    let (link, sid) = driver.open(None, query);
    let reply = get(driver, &link, jsonp).await?;
    Ok(response::handshake(&driver.config, reply, &sid))
}

/// A poll: answered when the session has something to say.
pub(super) async fn get(driver: &Arc<Driver>, link: &Arc<Link>, jsonp: Option<Jsonp>) -> Result<Reply, Cut> {
    let (mut pending, answer) = Pending::begin(driver, link, Input::GetLost);
    pending.jsonp = jsonp;
    driver.step(link, Input::Get(pending.request));
    pending.answered(answer.await)
}

/// Packets from the client.
pub(super) async fn post<B>(
    driver: &Arc<Driver>,
    link: &Arc<Link>,
    jsonp: Option<Jsonp>,
    request: Request<B>,
) -> Result<Reply, Cut>
where
    B: Body<Data = Bytes>,
{
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let has_length = request.headers().contains_key(header::CONTENT_LENGTH);
    if let Err(error) = check_head(&driver.config, content_type, has_length) {
        return Ok(response::body_refused(error));
    }
    let is_lost = request.headers().contains_key(header::CONTENT_ENCODING)
        && driver.config.faulty(Fault::EncodedPostLost);
    let octets = content_type.is_some_and(|name| name.starts_with("application/octet-stream"));
    let (mut pending, mut answer) = Pending::begin(driver, link, Input::PostLost);
    driver.step(link, Input::PostBegun(pending.request));
    let mut body = pin!(request.into_body());
    let body = tokio::select! {
        biased;
        answer = &mut answer => return pending.answered(answer),
        body = read(driver, body.as_mut()) => body.map_err(|_| Cut)?,
        // What has come of it is lost, and with it the session.
        () = tokio::time::sleep(driver.config.body_timeout) => return Ok(response::timed_out()),
    };
    match body {
        Ok(body) => {
            let body = if is_lost { Bytes::from_static(NOOP) } else { body };
            driver.metrics.of(Transport::Polling).received.add(packets(&body), body.len());
            let input = match (jsonp, octets) {
                (Some(_), _) => {
                    Input::PostBody(pending.request, Jsonp::payload(&driver.config, &body).into())
                }
                (None, true) => Input::PostOctets(pending.request, body),
                (None, false) => Input::PostBody(pending.request, body),
            };
            driver.step(link, input);
        }
        Err(error) => {
            pending.over = true;
            driver.step(link, Input::PostRefused(pending.request));
            return Ok(response::body_refused(error));
        }
    }
    pending.answered(answer.await)
}

/// How many packets a payload holds.
fn packets(payload: &[u8]) -> usize {
    1 + payload.iter().filter(|byte| **byte == SEPARATOR).count()
}

async fn read<B>(driver: &Driver, mut body: Pin<&mut B>) -> Result<Result<Bytes, BodyError>, B::Error>
where
    B: Body<Data = Bytes>,
{
    let mut buffer = BodyBuffer::new(&driver.config);
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Err(_) if driver.config.faulty(Fault::AbortedPostHandled) => break,
            frame => frame?,
        };
        let Ok(piece) = frame.into_data() else { continue };
        if let Err(error) = buffer.push(piece) {
            discard(body).await?;
            return Ok(Err(error));
        }
    }
    Ok(Ok(buffer.finish()))
}

async fn discard<B>(mut body: Pin<&mut B>) -> Result<(), B::Error>
where
    B: Body<Data = Bytes>,
{
    let mut read = 0;
    while read < DISCARD_BYTES && !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        read += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(())
}

/// A request that waits for its answer. Dropped before that, its connection was lost.
struct Pending {
    driver: Arc<Driver>,
    link: Arc<Link>,
    request: RequestId,
    jsonp: Option<Jsonp>,
    lost: fn(RequestId) -> Input,
    over: bool,
}

impl Pending {
    fn begin(
        driver: &Arc<Driver>,
        link: &Arc<Link>,
        lost: fn(RequestId) -> Input,
    ) -> (Self, oneshot::Receiver<Answer>) {
        let request = driver.request_id();
        let answer = link.expect(request);
        let (driver, link) = (driver.clone(), link.clone());
        (Self { driver, link, request, jsonp: None, lost, over: false }, answer)
    }

    fn answered(&mut self, answer: Result<Answer, oneshot::error::RecvError>) -> Result<Reply, Cut> {
        self.over = true;
        let answer = answer.map_err(|_| Cut)?;
        if let Some(body) = answer.packets() {
            self.driver.metrics.of(Transport::Polling).sent.add(packets(body), body.len());
        }
        response::answer(&self.driver.config, answer, self.jsonp.as_ref()).ok_or(Cut)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.over {
            self.link.forget(self.request);
            self.driver.step(&self.link, (self.lost)(self.request));
        }
    }
}
