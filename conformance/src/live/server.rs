//! The server under attack: started, watched, ended, started again.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{
    bystander::{Bystander, Harm},
    case::Case,
    evidence::Evidence,
    ground::Ground,
    lag::Lag,
    oracle::{Oracle, Oracles},
    perform::Performance,
    stderr::{self, Trouble},
    vitals::{self, Vitals},
    wire::What,
};
use crate::{
    siot::{Act, Item, Step},
    target::{Configuration, Process, TargetError},
};

/// How to get a server to attack.
#[derive(Debug, Clone)]
pub struct Host {
    /// How it is reached: a server that runs, or what one that is started has in common with others.
    pub ground: Ground,
    /// The command that starts one, and its environment; nothing for one that runs.
    pub command: Option<Command>,
    /// The memory that a server may take up before it is ended, bytes.
    pub memory_limit_bytes: u64,
}

/// A command, and variables added to its environment.
pub type Command = (Vec<String>, Vec<(String, String)>);

/// A server that is watched.
#[derive(Debug)]
pub(super) struct Server {
    process: Option<Process>,
    members: Vec<u32>,
    /// How it is reached.
    pub(super) ground: Arc<Ground>,
    bystander: Bystander,
    printed: Vec<String>,
    /// How much of it was looked at.
    told: usize,
    memory_limit_bytes: u64,
}

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);
/// Answers that a bystander has before anything is judged by its next one.
const WARM: u64 = 3;

impl Host {
    /// Starts a server, or finds the one that runs, and puts a bystander beside it.
    ///
    /// # Errors
    /// It cannot be started, or does not answer.
    pub(super) async fn start(&self) -> Result<Server, TargetError> {
        let mut ground = self.ground.clone();
        let mut process = None;
        if let Some((command, env)) = &self.command {
            let within = START.mul_f64(ground.scale.max(1.0));
            let env = [limits(self.memory_limit_bytes), env.clone()].concat();
            let started = Process::start(command, &env, &configuration(), &ground.path, within).await?;
            ground.authority = started.authority();
            process = Some(started);
        }
        let members = process.as_ref().and_then(Process::id).map(vitals::group).unwrap_or_default();
        let ground = Arc::new(ground);
        let bystander = Bystander::comes(&ground);
        let memory_limit_bytes = self.memory_limit_bytes;
        let mut server =
            Server { process, members, ground, bystander, printed: Vec::new(), told: 0, memory_limit_bytes };
        server.warms_up().await?;
        Ok(server)
    }

    /// Whether we start it.
    pub fn is_ours(&self) -> bool {
        self.command.is_some()
    }

    /// Learns what the handshake announces, and whether events are echoed.
    ///
    /// # Errors
    /// The server cannot be reached, or is no Engine.IO server.
    pub async fn learn(&mut self) -> Result<(), TargetError> {
        let mut server = self.start().await?;
        let ground = Arc::clone(&server.ground);
        let mut asking = Performance::new(&ground);
        let say = |text: &str| Step::Act("alice".to_owned(), Act::Send(vec![Item::Text(text.to_owned())]));
        let hear = || Step::See(super::generate::hears("alice", 1000));
        let open = Step::Act("alice".to_owned(), Act::Open(crate::scenario::Transport::Websocket));
        let ask = say("427[\"message-with-ack\",\"siospec\"]");
        asking.does(&Case::new(vec![open, say("40"), hear(), ask, hear(), hear()])).await;
        let heard: Vec<String> = {
            let seen = asking.log.lock();
            seen.heard
                .iter()
                .filter_map(
                    |heard| if let What::Text(text) = &heard.what { Some(text.clone()) } else { None },
                )
                .collect()
        };
        asking.ends().await;
        let open = heard
            .iter()
            .find_map(|text| serde_json::from_str::<serde_json::Value>(text.strip_prefix('0')?).ok());
        let why = server.last_words();
        server.stop().await;
        let Some(open) = open else {
            return Err(TargetError::Unreachable(format!(
                "no Engine.IO 4 handshake over WebSocket with http://{}{}; is it an Engine.IO 4 server, and is the path \
                 right? (--path){why}",
                ground.authority, ground.path
            )));
        };
        let ms = |name: &str, usual| Duration::from_millis(open[name].as_u64().unwrap_or(usual));
        self.ground.ping_interval = ms("pingInterval", 25_000);
        self.ground.ping_timeout = ms("pingTimeout", 20_000);
        self.ground.max_payload_bytes =
            open["maxPayload"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(1_000_000);
        self.ground.begins_with_ping = heard.iter().any(|text| text == "2");
        self.ground.echoes = heard.iter().any(|text| text == "437[\"siospec\"]");
        Ok(())
    }
}

impl Server {
    async fn warms_up(&mut self) -> Result<(), TargetError> {
        let deadline = Instant::now() + START.mul_f64(self.ground.scale.max(1.0));
        while !self.bystander.is_warm(WARM) {
            if self.bystander.harm().is_some() || Instant::now() > deadline {
                let why = match self.bystander.harm() {
                    Some(harm) => format!("{harm:?}").to_lowercase(),
                    None => "no answer".to_owned(),
                };
                let url = format!("http://{}{}", self.ground.authority, self.ground.path);
                return Err(TargetError::Unreachable(format!(
                    "a well-behaved client is not served at {url}: {why}; is it an Engine.IO server, and is the path right? \
                     (--path){}",
                    self.last_words()
                )));
            }
            sleep(Duration::from_millis(5)).await;
        }
        // What it prints as it starts is no trouble.
        self.take_printed();
        self.told = self.printed.len();
        Ok(())
    }

    /// What is wrong with the server now, if anything.
    pub(super) fn trouble(&mut self, lag: &Lag, oracles: &Oracles) -> Option<Evidence> {
        if let Some(status) = self.process.as_mut().and_then(Process::status) {
            return Some(Evidence::new(Oracle::ProcessEnded, format!("the process ended with {status}")));
        }
        if let Some(vitals) = self.vitals()
            && vitals.memory_bytes > self.memory_limit_bytes
            && oracles.holds(Oracle::MemoryLimit)
        {
            let mib = vitals.memory_bytes >> 20;
            return Some(Evidence::new(Oracle::MemoryLimit, format!("the server takes up {mib} MiB")));
        }
        if let Some(harm) = self.bystander.harm() {
            let (oracle, what) = match harm {
                Harm::Dropped => (Oracle::BystanderDropped, "its connection was closed".to_owned()),
                Harm::Refused => (Oracle::Refused, "a well-behaved client is refused".to_owned()),
                Harm::Strange(text) => {
                    (Oracle::CrossTalk, format!("it got {text:?}, which nobody sent to it"))
                }
            };
            if oracles.holds(oracle) {
                return Some(Evidence::new(oracle, what));
            }
        }
        if let Some(waited) = self.bystander.is_late(lag.worst(), self.ground.scale)
            && oracles.holds(Oracle::BystanderLate)
        {
            let what = format!("no echo for {:.1} s", waited.as_secs_f64());
            return Some(Evidence::new(Oracle::BystanderLate, what));
        }
        None
    }

    /// Trouble that the server tells of since it was asked last, though it goes on.
    pub(super) fn tells(&mut self, oracles: &Oracles) -> Option<Evidence> {
        self.take_printed();
        let new = self.printed.get(self.told..).unwrap_or_default();
        let trouble = stderr::trouble(new)?;
        self.told = self.printed.len();
        oracles.holds(Oracle::Stderr).then(|| Evidence::printed(Oracle::Stderr, &trouble))
    }

    /// The trouble that a server tells of that has ended, or is about to.
    pub(super) async fn confession(&mut self) -> Option<Trouble> {
        if let Some(process) = &self.process {
            process.settle_output().await;
        }
        self.take_printed();
        stderr::last_words(&self.printed)
    }

    /// When the bystander asked what is not answered yet.
    pub(super) fn asked(&self) -> Option<std::time::Instant> {
        self.bystander.asked()
    }

    /// When the bystander lost it.
    pub(super) fn lost(&self) -> Option<std::time::Instant> {
        self.bystander.harmed()
    }

    /// How often the bystander has been answered.
    pub(super) fn answers(&self) -> u64 {
        self.bystander.answers()
    }

    /// Whether its bystander is served, and has not been waiting for long.
    pub(super) fn is_well(&self) -> bool {
        const LONG: Duration = Duration::from_millis(500);
        self.bystander.harm().is_none() && self.asked().is_none_or(|asked| asked.elapsed() < LONG)
    }

    /// Whether anybody still accepts connections.
    pub(super) async fn accepts(&self) -> bool {
        for _ in 0..2 {
            if let Ok(Ok(_)) =
                timeout(Duration::from_secs(2), TcpStream::connect(&self.ground.authority)).await
            {
                return true;
            }
            sleep(Duration::from_millis(100)).await;
        }
        false
    }

    /// What the server takes up.
    pub(super) fn vitals(&self) -> Option<Vitals> {
        vitals::of(&self.members)
    }

    fn take_printed(&mut self) {
        /// What a server prints is not kept for ever.
        const MOST_LINES: usize = 400;
        if let Some(process) = &self.process {
            self.printed.extend(process.take_printed());
        }
        let many = self.printed.len().saturating_sub(MOST_LINES);
        self.printed.drain(..many);
        self.told = self.told.saturating_sub(many);
    }

    fn last_words(&mut self) -> String {
        self.take_printed();
        match self.printed.len() {
            0 => String::new(),
            many => format!("; it printed:\n  | {}", self.printed[many.saturating_sub(20)..].join("\n  | ")),
        }
    }

    /// Ends a server that we started, at once: nothing of it is needed any more.
    pub(super) async fn stop(self) {
        drop(self.bystander);
        if let Some(process) = self.process {
            process.kill().await;
        }
    }
}

/// The configuration of servers that we start: time-outs short enough to see what stays behind.
pub(super) fn configuration() -> Configuration {
    Configuration {
        ping_interval_ms: 1000,
        ping_timeout_ms: 1000,
        max_payload_bytes: 100_000,
        connect_timeout_ms: 1000,
        upgrade_timeout_ms: 1000,
        recovery_ms: None,
        packed: false,
        old_clients: true,
    }
}

/// Variables that keep the memory of a runtime close to what is in use, so that it tells what is kept. They mean
/// nothing to others, and what the user sets goes first.
fn limits(memory_bytes: u64) -> Vec<(String, String)> {
    let heap_mib = (memory_bytes >> 20) * 3 / 4;
    let mut limits = Vec::new();
    if std::env::var_os("NODE_OPTIONS").is_none() {
        limits.push(("NODE_OPTIONS", format!("--max-old-space-size={heap_mib} --max-semi-space-size=1")));
    }
    if std::env::var_os("MALLOC_ARENA_MAX").is_none() {
        limits.push(("MALLOC_ARENA_MAX", "1".to_owned()));
    }
    limits.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
