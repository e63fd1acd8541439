//! The capability card of a server: what it speaks and how it is set up, found out in two seconds and without its help.
//!
//! Every question is asked on a session of its own, all at the same time, so that one that is never answered costs the
//! others nothing. A session that was opened is closed.

mod ask;
mod card;

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

pub use self::card::{
    Card, Contract, Cors, Heartbeat, Limit, Namespaces, Parser, SocketIo, Transports, Upgrade, Version,
};
use crate::stage::Site;

/// The time that all questions together may take.
const WITHIN: Duration = Duration::from_millis(1900);
/// The time that one question may take.
const EACH: Duration = Duration::from_millis(1700);

/// Asks a server what it can do.
///
/// # Errors
/// It is no Engine.IO server, or nobody listens: what came instead.
pub async fn probe(site: Site) -> Result<Card, String> {
    let site = Arc::new(site);
    let asking = async {
        tokio::join!(
            ask::handshake(&site),
            ask::version_3(&site),
            within(ask::websocket(&site)),
            within(ask::upgrade(&site)),
            within(ask::socket_io(&site)),
            within(ask::limit(&site)),
        )
    };
    let answers = timeout(WITHIN, asking).await;
    let (hello, version_3, websocket, upgrade, socket_io, limit) =
        answers.map_err(|_| "the server did not answer within two seconds".to_owned())?;
    let websocket = websocket.flatten();
    let (polling, hello) = match (hello, &websocket) {
        (Ok(greeting), _) => (true, greeting),
        (Err(_), Some(hello)) => (false, ask::Greeting::of(hello.clone())),
        (Err(why), None) => return Err(why),
    };
    let socket_io = socket_io.flatten();
    Ok(Card {
        engine_io: Version { four: true, three: version_3 },
        transports: Transports {
            polling,
            websocket: websocket.is_some(),
            offered: hello.hello.upgrades.clone(),
            upgrade: upgrade.unwrap_or(Upgrade::Silent),
        },
        heartbeat: Heartbeat {
            interval_ms: hello.hello.ping_interval_ms,
            timeout_ms: hello.hello.ping_timeout_ms,
        },
        max_payload_bytes: hello.hello.max_payload_bytes,
        limit: limit.unwrap_or(Limit::Untried),
        cors: hello.cors,
        cookie: hello.cookie,
        socket_io: socket_io.clone().map(|found| found.socket_io),
        namespaces: socket_io.as_ref().map(|found| found.namespaces.clone()),
        contract: socket_io.map(|found| found.contract),
    })
}

/// What a question has for an answer, if that comes in time.
async fn within<T>(question: impl Future<Output = T>) -> Option<T> {
    timeout(EACH, question).await.ok()
}
