//! The sanity conversation: whether a server still serves a client that does nothing wrong.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    rule::Rule,
    scenario::{Contract, Transport},
    stage::{Kind, Patience, Site, Stage, Wire, event},
    verdict::Check,
};

/// How far a fresh client gets, over each transport. What a server could not do from the beginning is not
/// asked of it later.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fluency {
    polling: Option<Depth>,
    websocket: Option<Depth>,
}

/// How far a conversation goes.
#[derive(Debug, Clone, Copy)]
enum Depth {
    /// A session is opened.
    Session,
    /// The main namespace admits us, and an echo is acknowledged where the contract has one.
    Echo,
}

/// Rules whose cases send what no client would: a server may pass them, and be broken ever after.
const HOSTILE: [&str; 8] = [
    "security/",
    "socket/packet/",
    "socket/grammar/",
    "socket/binary/",
    "socket/haste/",
    "engine/frames/",
    "engine/payload/",
    "engine/websocket/max-payload-",
];

/// Whether the cases of a rule may have harmed the server though it passed them.
pub(super) fn is_hostile(rule: &Rule) -> bool {
    HOSTILE.iter().any(|prefix| rule.id.starts_with(prefix))
}

impl Fluency {
    /// What a fresh server can do.
    pub(super) async fn of(site: &Arc<Site>, timeout_scale: f64) -> Self {
        let patience = Patience::new(timeout_scale);
        let depth = async |over| {
            for depth in [Depth::Echo, Depth::Session] {
                if depth.is_reached(site, over, patience).await {
                    return Some(depth);
                }
            }
            None
        };
        let (polling, websocket) = tokio::join!(depth(Transport::Polling), depth(Transport::Websocket));
        Self { polling, websocket }
    }

    /// Whether the server can still do what it could.
    pub(super) async fn lasts(&self, site: &Arc<Site>, timeout_scale: f64) -> bool {
        let patience = Patience::new(timeout_scale);
        let still = async |depth: Option<Depth>, over| match depth {
            Some(depth) => depth.is_reached(site, over, patience).await,
            None => true,
        };
        let (polling, websocket) = tokio::join!(
            still(self.polling, Transport::Polling),
            still(self.websocket, Transport::Websocket)
        );
        polling && websocket
    }
}

impl Depth {
    async fn is_reached(self, site: &Arc<Site>, over: Transport, patience: Patience) -> bool {
        let mut stage = Stage::new(Arc::clone(site), over, patience, "sanity");
        let conversation = async {
            let mut wire = stage.session().await?;
            if let Depth::Echo = self {
                wire.joins("/", None).await?;
                if site.contract >= Contract::Echo {
                    echo(&mut wire).await?;
                }
            }
            // Whether a goodbye is understood is a rule of its own.
            let _stays = timeout(patience.release(), wire.hangs_up()).await;
            Check::Ok(())
        };
        matches!(timeout(2 * patience.connect(), conversation).await, Ok(Ok(())))
    }
}

/// Whether a server serves a fresh client, as far as its contract goes.
pub(crate) async fn serves(site: &Arc<Site>, patience: Patience) -> bool {
    listens(site).await && Depth::Echo.is_reached(site, Transport::Polling, patience).await
}

/// Says something that has to be acknowledged. What else is heard is not looked at.
async fn echo(wire: &mut Wire) -> Check {
    const ID: u64 = 6_999_998;
    wire.says(&event("message-with-ack", [json!("still there?")]).with_id(ID));
    loop {
        let (packet, _) = wire.next().await?;
        if packet.kind == Kind::Ack && packet.id == Some(ID) {
            return Ok(());
        }
    }
}

/// Whether the server accepts connections.
pub(super) async fn listens(site: &Site) -> bool {
    for _ in 0..2 {
        match timeout(Duration::from_secs(5), TcpStream::connect(&site.authority)).await {
            Ok(Ok(_)) => return true,
            // That we have no port or no descriptor left is not the server's fault.
            Ok(Err(error))
                if !matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) =>
            {
                return true;
            }
            Ok(Err(_)) | Err(_) => {}
        }
        // A full backlog refuses for a moment; a dead server still refuses after it.
        sleep(Duration::from_millis(100)).await;
    }
    false
}
