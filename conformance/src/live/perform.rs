//! Does what a case says, as fast as the server lets it, and notes what comes of it.

mod acts;
mod words;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};

pub(super) use self::acts::Acts;
use super::{
    case::{ATTACKERS, Case},
    ground::Ground,
    wire::{Line, LineLog, Log, What, frame},
};
use crate::{
    scenario::Transport,
    siot::{Act, Step},
};

/// A case that is being done, or was.
pub(super) struct Performance {
    ground: Arc<Ground>,
    /// What it saw.
    pub(super) log: Arc<Log>,
    /// When it did something.
    pub(super) acts: Acts,
    actors: [Actor; ATTACKERS.len()],
    lines: Vec<Arc<Line>>,
    /// Where each step began: how much each attacker had heard by then.
    pub(super) marks: Vec<usize>,
    /// How many bytes were sent.
    pub(super) sent_bytes: usize,
    /// When all steps were done, if they were.
    pub(super) finished: Option<Instant>,
}

#[derive(Default)]
struct Actor {
    /// The connection that frames and bytes go to.
    line: Option<Arc<Line>>,
    /// One that is kept alive for whole requests.
    http: Option<Arc<Line>>,
    /// What waits for [`Act::Uncork`].
    corked: Option<Vec<u8>>,
    /// How much it had heard when it last waited.
    heard: usize,
}

/// A case does not have more connections open.
const MOST_LINES: usize = 200;
/// A case does not take longer, what it has to write aside.
const LONGEST: Duration = Duration::from_secs(3);
/// The time in which a server reads what has come.
const READ: Duration = Duration::from_millis(8);
/// Packets that are sent over polling many times are not sent more often.
const MOST_POSTS: u32 = 100;
/// One write does not hold more.
const PIECE: usize = 1 << 20;

impl Performance {
    pub(super) fn new(ground: &Arc<Ground>) -> Self {
        Self {
            ground: Arc::clone(ground),
            log: Arc::default(),
            acts: Acts::default(),
            actors: Default::default(),
            lines: Vec::new(),
            marks: Vec::new(),
            sent_bytes: 0,
            finished: None,
        }
    }

    /// Does all steps. What they opened stays open until [`Performance::ends`].
    pub(super) async fn does(&mut self, case: &Case) {
        /// Any server reads so much.
        const BYTES_PER_MS: usize = 4 << 10;
        let writing = case.weight() / case.rounds.max(1) as usize / BYTES_PER_MS;
        let longest = LONGEST + Duration::from_millis(u64::try_from(writing).unwrap_or(u64::MAX).min(60_000));
        let deadline = Instant::now() + longest.mul_f64(self.ground.scale.max(1.0));
        for step in &case.steps {
            let heard = self.log.lock().heard.len();
            self.marks.push(heard);
            let left = deadline.saturating_duration_since(Instant::now());
            if timeout(left, self.step(step)).await.is_err() {
                return;
            }
        }
        self.finished = Some(Instant::now());
    }

    /// Waits for what is still due: the answers to requests, the end of connections that broke a rule.
    pub(super) async fn settles(&self, within: Duration) {
        let deadline = Instant::now() + within;
        loop {
            let news = self.log.news.notified();
            let due = self.log.lock().lines.iter().any(|line| {
                line.ended.is_none()
                    && !line.odd
                    && (line.broke.is_some()
                        || line.exchanges.iter().any(|exchange| exchange.status.is_none() && exchange.ours))
            });
            let left = deadline.saturating_duration_since(Instant::now());
            if !due || left.is_zero() {
                return;
            }
            let _again = timeout(left, news).await;
        }
    }

    /// Closes what is open.
    pub(super) async fn ends(&mut self) {
        self.acts.note();
        for line in self.lines.drain(..) {
            line.close(false).await;
        }
        self.actors = Default::default();
    }

    /// How many connections it holds open.
    pub(super) fn open_lines(&self) -> usize {
        self.lines.iter().filter(|line| !line.has_ended()).count()
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Wait(ms) => sleep(Duration::from_millis(*ms)).await,
            Step::See(see) => {
                let Some(actor) = index(&see.actor) else { return };
                self.hears(actor, self.ground.scaled(see.within_ms.unwrap_or(1000))).await;
            }
            Step::Act(name, act) => {
                let Some(actor) = index(name) else { return };
                self.acts.note();
                match act {
                    Act::Times(times, act) => {
                        self.repeats(actor, act, *times).await;
                        self.acts.note();
                    }
                    act => self.act(actor, act, true).await,
                }
            }
        }
    }

    /// Waits until something new is heard, or nothing more can be.
    async fn hears(&mut self, actor: usize, within: Duration) {
        let before = self.actors[actor].heard;
        let _heard_or_late = timeout(within, async {
            loop {
                let news = self.log.news.notified();
                if self.log.lock().heard_by(actor) > before || !self.listens(actor) {
                    return;
                }
                let _again = timeout(Duration::from_millis(100), news).await;
            }
        })
        .await;
        self.actors[actor].heard = self.log.lock().heard_by(actor);
    }

    /// Whether anything may still be heard.
    fn listens(&self, actor: usize) -> bool {
        self.log.lock().lines.iter().any(|line| line.actor == actor && line.ended.is_none())
    }

    async fn repeats(&mut self, actor: usize, act: &Act, times: u32) {
        if let Some(once) = self.bytes_of(actor, act) {
            // All of it in large pieces: what is sent must not be slower than what it does.
            let per_piece = (PIECE / once.len().max(1)).max(1);
            let mut left = times as usize;
            while left > 0 {
                let now = left.min(per_piece);
                self.sends(actor, &once.repeat(now)).await;
                left -= now;
            }
            return;
        }
        // Requests cost more than frames, and each one that is not answered yet a connection.
        let times = if matches!(act, Act::Send(_)) { times.min(MOST_POSTS) } else { times };
        for _ in 0..times {
            self.act(actor, act, false).await;
        }
    }

    /// The bytes of an act that only sends some on a connection that is there.
    fn bytes_of(&self, actor: usize, act: &Act) -> Option<Vec<u8>> {
        let line = self.actors[actor].line.as_ref();
        let in_frames = line.is_some_and(|line| line.is_websocket());
        match act {
            Act::Bytes(data) => Some(self.data(data)),
            Act::Frame { last, reserved, opcode, payload } => Some(frame(*last, *reserved, *opcode, payload)),
            Act::PingFrame(payload) => Some(frame(true, 0, 9, payload)),
            Act::CloseFrame => Some(frame(true, 0, 8, &1000_u16.to_be_bytes())),
            Act::Send(items) if in_frames => Some(items.iter().flat_map(|item| self.item(item)).collect()),
            _ => None,
        }
    }

    async fn act(&mut self, actor: usize, act: &Act, waits: bool) {
        if let Some(bytes) = self.bytes_of(actor, act) {
            if breaks(act)
                && let Some(line) = &self.actors[actor].line
                && line.is_websocket()
            {
                line.breaks();
            }
            return self.sends(actor, &bytes).await;
        }
        match act {
            Act::Open(Transport::Websocket) => {
                self.websocket(actor, "EIO=4&transport=websocket", waits).await
            }
            Act::Open(Transport::Polling) | Act::Handshake => {
                self.request(actor, "GET", "EIO=4&transport=polling", &[], None, waits).await;
            }
            Act::Open(Transport::Upgraded) => self.upgraded(actor).await,
            Act::Websocket(query) => {
                let query = self.filled(query);
                self.websocket(actor, &query, waits).await;
            }
            Act::Request { method, query, headers, body } => {
                let query = query.as_ref().map_or_else(|| self.own_query(actor), |query| self.filled(query));
                let body = body.as_ref().map(|body| self.data(body));
                self.request(actor, method, &query, headers, body, waits).await;
            }
            Act::Poll => {
                let query = self.own_query(actor);
                self.request(actor, "GET", &query, &[], None, waits).await;
            }
            Act::Send(items) => {
                let body = items.iter().map(|item| self.packet(item)).collect::<Vec<_>>().join("\u{1e}");
                let query = self.own_query(actor);
                self.request(actor, "POST", &query, &[], Some(body.into_bytes()), waits).await;
            }
            Act::Connect => {
                self.opens(actor).await;
            }
            Act::Head { method, query, headers } => {
                let query = self.filled(query);
                let head = self.head(method, &query, headers, None);
                self.sends(actor, head.as_bytes()).await;
            }
            Act::Drop | Act::HangUp => self.closes(actor, false).await,
            Act::Reset => {
                // What a server has not read by then is lost with the connection.
                sleep(READ).await;
                self.closes(actor, true).await;
            }
            Act::Finish => {
                if let Some(line) = &self.actors[actor].line {
                    line.finish().await;
                }
            }
            Act::Pause => self.actors[actor].line.iter().for_each(|line| line.pause()),
            Act::Resume => self.actors[actor].line.iter().for_each(|line| line.resume()),
            Act::Mute => self.actors[actor].line.iter().for_each(|line| line.mute()),
            Act::Cork => drop(self.actors[actor].corked.get_or_insert_default()),
            Act::Uncork => {
                if let Some(bytes) = self.actors[actor].corked.take() {
                    self.sends(actor, &bytes).await;
                }
            }
            // What only a judge's stage can do.
            _ => {}
        }
    }

    /// Sends on the connection of an attacker, on a new one if there is none.
    async fn sends(&mut self, actor: usize, bytes: &[u8]) {
        self.sent_bytes += bytes.len();
        if let Some(corked) = &mut self.actors[actor].corked {
            corked.extend_from_slice(bytes.get(..PIECE.min(bytes.len())).unwrap_or_default());
            return;
        }
        let line = match &self.actors[actor].line {
            Some(line) => Some(Arc::clone(line)),
            None => self.opens(actor).await,
        };
        if let Some(line) = line {
            line.write(bytes).await;
        }
    }

    /// A new connection for bytes and frames; one that was there before stays open beside it.
    async fn opens(&mut self, actor: usize) -> Option<Arc<Line>> {
        let line = self.connects(actor).await;
        self.actors[actor].line.clone_from(&line);
        line
    }

    async fn connects(&mut self, actor: usize) -> Option<Arc<Line>> {
        self.lines.retain(|line| !line.has_ended());
        if self.lines.len() >= MOST_LINES {
            // The oldest has to go.
            let oldest = self.lines.remove(0);
            oldest.close(false).await;
        }
        let line = Line::connect(&self.ground.authority, &self.ground.path, &self.log, actor).await;
        let line = Arc::new(line.ok()?);
        self.lines.push(Arc::clone(&line));
        Some(line)
    }

    async fn closes(&mut self, actor: usize, with_reset: bool) {
        let old = std::mem::take(&mut self.actors[actor]);
        for line in &self.lines {
            let theirs = self.log.of_line(line.number(), |line| line.actor) == actor;
            if theirs {
                line.close(with_reset).await;
            }
        }
        self.actors[actor].heard = old.heard;
    }

    async fn request(
        &mut self,
        actor: usize,
        method: &str,
        query: &str,
        headers: &[(String, String)],
        body: Option<Vec<u8>>,
        waits: bool,
    ) {
        let idle = self.actors[actor].http.clone().filter(|line| line.is_idle());
        let line = match idle {
            Some(line) => line,
            None => {
                let Some(line) = self.connects(actor).await else { return };
                self.actors[actor].http = Some(Arc::clone(&line));
                line
            }
        };
        let mut bytes = self.head(method, query, headers, body.as_deref()).into_bytes();
        bytes.extend(body.unwrap_or_default());
        self.sent_bytes += bytes.len();
        let number = line.number();
        let before = self.log.of_line(number, |line| answers(line));
        line.write(&bytes).await;
        if waits {
            // A poll may be held.
            let within = if method == "GET" { 60 } else { 200 };
            self.until(self.ground.scaled(within), |log| {
                log.of_line(number, |line| line.ended.is_some() || answers(line) > before)
            })
            .await;
            self.actors[actor].heard = self.log.lock().heard_by(actor);
        }
    }

    async fn websocket(&mut self, actor: usize, query: &str, waits: bool) {
        let Some(line) = self.opens(actor).await else { return };
        let head = self.handshake(query);
        self.sent_bytes += head.len();
        let before = self.log.lock().heard_by(actor);
        line.write(head.as_bytes()).await;
        if !waits {
            return;
        }
        let number = line.number();
        let has_sid = query.contains("sid=");
        self.until(self.ground.scaled(500), |log| {
            // A new session begins with an open packet, one that is upgraded with nothing.
            log.of_line(number, |line| line.ended.is_some() || (has_sid && line.upgraded.is_some()))
                || log.lock().heard.iter().filter(|heard| heard.actor == actor).skip(before).any(|heard| {
                    match &heard.what {
                        What::Reply(101, _) => false,
                        What::Reply(..) | What::Text(_) | What::End => true,
                        What::Binary(_) | What::Control(_) => false,
                    }
                })
        })
        .await;
        self.actors[actor].heard = self.log.lock().heard_by(actor);
    }

    async fn upgraded(&mut self, actor: usize) {
        self.request(actor, "GET", "EIO=4&transport=polling", &[], None, true).await;
        let sid = self.log.lock().sid(actor).unwrap_or_default().to_owned();
        self.websocket(actor, &format!("EIO=4&transport=websocket&sid={sid}"), true).await;
        self.sends(actor, &frame(true, 0, 1, b"2probe")).await;
        self.hears(actor, self.ground.scaled(500)).await;
        self.sends(actor, &frame(true, 0, 1, b"5")).await;
    }

    /// Waits until something is so.
    async fn until(&self, within: Duration, is_so: impl Fn(&Log) -> bool) {
        let _so_or_late = timeout(within, async {
            loop {
                let news = self.log.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if is_so(&self.log) {
                    return;
                }
                let _again = timeout(Duration::from_millis(50), news).await;
            }
        })
        .await;
    }
}

/// Replies on a connection.
fn answers(line: &LineLog) -> usize {
    line.exchanges.iter().filter(|exchange| exchange.status.is_some()).count()
}

/// The number of an attacker.
fn index(name: &str) -> Option<usize> {
    ATTACKERS.iter().position(|attacker| *attacker == name)
}

/// Whether RFC 6455 has a server fail the connection for it.
fn breaks(act: &Act) -> bool {
    match act {
        Act::Frame { last, reserved, opcode, payload } => {
            let control = *opcode >= 8;
            // Without an extension that gives them a meaning the reserved bits are zero.
            *reserved & 3 != 0
                || (3..8).contains(opcode)
                || *opcode > 10
                || (control && (!last || payload.len() > 125))
        }
        Act::PingFrame(payload) => payload.len() > 125,
        _ => false,
    }
}
