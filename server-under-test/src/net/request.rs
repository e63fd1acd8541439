//! From an HTTP request to what it is for.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use hyper::{Method, Request, body::Body, header};

use super::{
    driver::Driver,
    polling,
    response::{self, Reply},
    websocket,
};
use crate::{
    bundle::File,
    config::Config,
    engine::{
        admission::{Admission, Head, Query, admit},
        jsonp::Jsonp,
        signals::{Input, Refusal, Transport},
    },
    fault::Fault,
};

/// The connection is dropped without a response.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session dropped the connection")
    }
}

impl std::error::Error for Cut {}

/// Serves one request.
///
/// # Errors
///
/// The session wants the connection to be dropped.
pub(super) async fn serve<B>(driver: Arc<Driver>, request: Request<B>) -> Result<Reply, Cut>
where
    B: Body<Data = Bytes>,
{
    if !is_ours(&driver, &request) {
        return Ok(response::not_found());
    }
    if is_about_metrics(&driver, &request) {
        return Ok(response::metrics(&driver.metrics));
    }
    if let Some(page) = page(&driver.config, &request) {
        return Ok(response::page(page));
    }
    if let Some(file) = file(&driver.config, &request) {
        let reply = response::file(&driver.config, &file, request.headers());
        return Ok(match driver.config.faulty(Fault::ClientWithoutCors) {
            true => reply,
            false => response::with_cors(&driver.config, reply),
        });
    }
    let preflight = request.method() == Method::OPTIONS && driver.config.cors_origin.is_some();
    if preflight && !driver.config.faulty(Fault::PreflightRefused) {
        return Ok(response::with_cors(&driver.config, response::preflight(request.headers())));
    }
    let coding = response::coding(&driver.config, request.headers());
    let reply = route(&driver, request).await?;
    let without_cors = match driver.config.fault {
        Some(Fault::CorsHeaderMissing) => reply.status().is_success(),
        Some(Fault::CorsHeaderMissingOnRefusals) => !reply.status().is_success(),
        _ => false,
    };
    let reply = response::compressed(&driver.config, coding, reply);
    Ok(if without_cors { reply } else { response::with_cors(&driver.config, reply) })
}

/// Whether a request is for this server.
pub(super) fn is_ours<B>(driver: &Driver, request: &Request<B>) -> bool {
    request.uri().path().starts_with(&driver.config.path)
        || is_about_metrics(driver, request)
        || page(&driver.config, request).is_some()
}

fn is_about_metrics<B>(driver: &Driver, request: &Request<B>) -> bool {
    driver.config.metrics_path.as_deref() == Some(request.uri().path())
}

/// The page of the application, if that is asked for.
fn page<B>(config: &Config, request: &Request<B>) -> Option<&'static str> {
    config.page.filter(|_| request.uri().path() == "/" && request.method() == Method::GET)
}

/// The file of the client that is asked for.
fn file<B>(config: &Config, request: &Request<B>) -> Option<File> {
    let bundle = config.bundle.as_ref()?;
    let name = request.uri().path().strip_prefix(&config.path)?;
    let queried = request.uri().query().is_some();
    let asked = [Method::GET, Method::HEAD].contains(request.method());
    asked.then(|| bundle.find(name, queried, config.fault)).flatten()
}

async fn route<B>(driver: &Arc<Driver>, request: Request<B>) -> Result<Reply, Cut>
where
    B: Body<Data = Bytes>,
{
    let query = Query::parse(&driver.config, request.uri().query().unwrap_or_default());
    let upgrade = asks_for_upgrade(&request);
    let head = Head { method: request.method().as_str(), query: &query, upgrade };
    let mut link = None;
    let known = |sid: &str| {
        let (known, found) = driver.find(sid);
        link = found;
        known
    };
    let admission = match admit(&driver.config, head, known) {
        Ok(admission) => admission,
        Err(refusal) if upgrade => return Ok(response::upgrade_refused(refusal)),
        Err(refusal) => return Ok(response::refused(refusal)),
    };
    let jsonp = Jsonp::of(&driver.config, &query);
    if let Some(link) = link.as_ref().filter(|_| driver.config.faulty(Fault::ConnectionCloseEndsSession))
        && request.headers().get(header::CONNECTION).is_some_and(|value| value == "close")
    {
        driver.step(link, Input::ShutDown);
    }
    match (admission, link) {
        (Admission::Open(Transport::WebSocket), _) => Ok(websocket::accept(driver, request, None, query)),
        (Admission::Open(Transport::Polling), _) => polling::open(driver, query).await,
        (Admission::Join(_), None) => Ok(response::refused(Refusal::SidUnknown)),
        (Admission::Join(_), Some(link)) if upgrade => {
            Ok(websocket::accept(driver, request, Some(link), query))
        }
        (Admission::Join(_), Some(link)) if request.method() == Method::POST => {
            polling::post(driver, &link, jsonp, request).await
        }
        (Admission::Join(_), Some(link)) => polling::get(driver, &link, jsonp).await,
    }
}

fn asks_for_upgrade<B>(request: &Request<B>) -> bool {
    let connection = request.headers().get_all(header::CONNECTION).iter();
    let mut options = connection.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let asked = options.any(|option| option.trim().eq_ignore_ascii_case("upgrade"));
    asked && request.headers().contains_key(header::UPGRADE)
}
