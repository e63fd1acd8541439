//! Sessions on the connections of another HTTP server.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::{Request, Response, body::Body};

use super::{
    driver::{Driver, Owner},
    request, response,
};
use crate::{
    app::testee::Testee,
    config::Config,
    io::{App, Io},
};

/// How long tasks may take to finish when the server stops.
const GRACE: Duration = Duration::from_millis(1500);

/// The body of a response: known before it is sent.
pub type ReplyBody = Full<Bytes>;

type Replying<R, E> = Pin<Box<dyn Future<Output = Result<R, E>> + Send>>;

/// A server without a port of its own. It serves requests that another server hands to it; that one must allow
/// connections to be upgraded.
///
/// It stops when it is shut down, or dropped. The other server has its own limits on heads of requests.
pub struct Attached {
    driver: Owner,
}

impl Attached {
    /// Starts a server. Must be called on a tokio runtime, which then runs it.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { driver: Owner(Driver::new(config, Arc::new(Testee))) }
    }

    /// As [`Attached::new`], but it runs this application instead of that of the testee contract.
    #[must_use]
    pub fn serve(app: App, config: Config) -> (Self, Io) {
        let (driver, io) = Driver::with_app(config, app);
        (Self { driver: Owner(driver) }, io)
    }

    /// Serves requests; those for other paths are answered with 404.
    #[must_use]
    pub fn service(&self) -> Service {
        Service { driver: self.driver.0.clone() }
    }

    /// Takes requests for its path away from another service, and leaves everything else to it.
    #[must_use]
    pub fn layer(&self) -> Layer {
        Layer { driver: self.driver.0.clone() }
    }

    /// Stops: every session is closed, and every task has ended when this returns.
    pub async fn shutdown(self) {
        self.driver.0.finish(GRACE).await;
    }
}

/// Serves requests; see [`Attached::service`].
#[derive(Clone)]
pub struct Service {
    driver: Arc<Driver>,
}

impl<B> tower_service::Service<Request<B>> for Service
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    type Future = Replying<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let served = request::serve(self.driver.clone(), request);
        Box::pin(async { Ok(served.await.unwrap_or_else(|_| response::cut())) })
    }
}

/// Takes requests away from another service; see [`Attached::layer`].
#[derive(Clone)]
pub struct Layer {
    driver: Arc<Driver>,
}

impl<S> tower_layer::Layer<S> for Layer {
    type Service = Layered<S>;

    fn layer(&self, inner: S) -> Layered<S> {
        Layered { driver: self.driver.clone(), inner }
    }
}

/// Another service, without the requests that are for this server.
#[derive(Clone)]
pub struct Layered<S> {
    driver: Arc<Driver>,
    inner: S,
}

impl<S, B, R> tower_service::Service<Request<B>> for Layered<S>
where
    S: tower_service::Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<Either<ReplyBody, R>>;
    type Error = S::Error;
    type Future = Replying<Self::Response, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if request::is_ours(&self.driver, &request) {
            let served = request::serve(self.driver.clone(), request);
            return Box::pin(async {
                let reply = served.await.unwrap_or_else(|_| response::cut());
                Ok(reply.map(Either::Left))
            });
        }
        let served = self.inner.call(request);
        Box::pin(async { Ok(served.await?.map(Either::Right)) })
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").finish_non_exhaustive()
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").finish_non_exhaustive()
    }
}

impl<S: fmt::Debug> fmt::Debug for Layered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layered").field("inner", &self.inner).finish_non_exhaustive()
    }
}
