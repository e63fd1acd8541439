//! Somebody who behaves well, and must keep getting an answer.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{
    ground::Ground,
    wire::{Line, Log, What, frame},
};

/// A well-behaved client that talks to the server all the time.
#[derive(Debug)]
pub(super) struct Bystander {
    watch: Arc<Mutex<Watch>>,
    task: JoinHandle<()>,
}

/// What it went through.
#[derive(Debug, Default)]
struct Watch {
    /// The question that is not answered yet, and when it was asked.
    asked: Option<Instant>,
    /// Answers so far.
    answers: u64,
    /// The last times to answer, a ring; those that are usual.
    times: Vec<Duration>,
    next: usize,
    /// Something happened to it, and when.
    harm: Option<(Harm, Instant)>,
}

/// What can happen to a bystander.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Harm {
    /// Its connection was closed.
    Dropped,
    /// It cannot come back.
    Refused,
    /// It got what was not meant for it.
    Strange(String),
}

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(20);
/// How many times to answer are kept.
const RING: usize = 256;
/// An answer that does not take longer is never late.
const NEVER_LATE: Duration = Duration::from_secs(1);
/// How much longer than usual an answer has to take to be late.
const FACTOR: u32 = 20;

impl Bystander {
    /// Connects, and goes on talking until it is dropped.
    pub(super) fn comes(ground: &Arc<Ground>) -> Self {
        let watch = Arc::default();
        let task = tokio::spawn(talk(Arc::clone(ground), Arc::clone(&watch)));
        Self { watch, task }
    }

    /// How often it has been answered.
    pub(super) fn answers(&self) -> u64 {
        lock(&self.watch).answers
    }

    /// When it asked what is not answered yet.
    pub(super) fn asked(&self) -> Option<Instant> {
        lock(&self.watch).asked
    }

    /// For how long it has been waiting longer than it may, the delay of our own machine taken off.
    pub(super) fn is_late(&self, lag: Duration, scale: f64) -> Option<Duration> {
        let watch = lock(&self.watch);
        let waited = watch.asked?.elapsed().saturating_sub(lag);
        let mut times = watch.times.clone();
        times.sort_unstable();
        let slow = times.get(times.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default();
        let due = NEVER_LATE.max(slow.min(NEVER_LATE / 4) * FACTOR).mul_f64(scale);
        (waited > due).then_some(waited)
    }

    /// Whether it has been answered at least so often.
    pub(super) fn is_warm(&self, answers: u64) -> bool {
        lock(&self.watch).answers >= answers
    }

    /// What happened to it.
    pub(super) fn harm(&self) -> Option<Harm> {
        lock(&self.watch).harm.as_ref().map(|(harm, _)| harm.clone())
    }

    /// When something happened to it.
    pub(super) fn harmed(&self) -> Option<Instant> {
        lock(&self.watch).harm.as_ref().map(|(_, when)| *when)
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn talk(ground: Arc<Ground>, watch: Arc<Mutex<Watch>>) {
    let harm = if ground.echoes { echo(&ground, &watch).await } else { handshakes(&ground, &watch).await };
    lock(&watch).harm = Some((harm, Instant::now()));
}

impl Watch {
    fn answered(&mut self) {
        let Some(asked) = self.asked.take() else { return };
        self.answers += 1;
        let time = asked.elapsed();
        // What would be late is not what is usual, however often it happens.
        if time > NEVER_LATE {
            return;
        }
        if self.times.len() < RING {
            self.times.push(time);
        } else {
            self.times[self.next % RING] = time;
            self.next += 1;
        }
    }
}

/// Joins the main namespace over WebSocket, and has one event after the other acknowledged.
async fn echo(ground: &Ground, watch: &Mutex<Watch>) -> Harm {
    let log = Arc::new(Log::default());
    lock(watch).asked = Some(Instant::now());
    let Ok(line) = Line::connect(&ground.authority, &ground.path, &log, 0).await else {
        return Harm::Refused;
    };
    line.write(upgrade(ground).as_bytes()).await;
    if hear(&log, |text| text.starts_with("0{")).await.is_err() {
        return Harm::Refused;
    }
    line.write(&frame(true, 0, 1, b"40")).await;
    if hear(&log, |text| text.starts_with("40")).await.is_err() {
        return Harm::Refused;
    }
    // Some applications greet whoever comes.
    sleep(PAUSE).await;
    log.lock().heard.clear();
    let mut number: u64 = 0;
    loop {
        number += 1;
        let tag = format!("bystander {number}");
        let question = format!("42{number}[\"message-with-ack\",\"{tag}\"]");
        lock(watch).asked = Some(Instant::now());
        line.write(&frame(true, 0, 1, question.as_bytes())).await;
        let due = format!("43{number}[\"{tag}\"]");
        loop {
            match hear(&log, |_| true).await {
                Ok(text) if text == due => break,
                Ok(text) if text == "2" || is_own(&text) => {}
                Ok(text) => return Harm::Strange(text),
                Err(harm) => return harm,
            }
        }
        lock(watch).answered();
        let _ended_or_not = timeout(PAUSE, ends(&log)).await;
    }
}

/// Waits for the end of the connection: when a server died is known well.
async fn ends(log: &Log) {
    loop {
        let news = log.news.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        if log.lock().heard.iter().any(|heard| matches!(heard.what, What::End)) {
            return;
        }
        news.await;
    }
}

/// Whether an application may well say it to whoever comes.
fn is_own(text: &str) -> bool {
    text.starts_with("42[\"auth\"")
}

/// The next text message that is wanted.
async fn hear(log: &Log, wanted: impl Fn(&str) -> bool) -> Result<String, Harm> {
    loop {
        let news = log.news.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        {
            let mut seen = log.lock();
            while !seen.heard.is_empty() {
                match seen.heard.remove(0).what {
                    What::Text(text) if wanted(&text) => return Ok(text),
                    What::End => return Err(Harm::Dropped),
                    What::Reply(status, _) if status != 101 => return Err(Harm::Refused),
                    _ => {}
                }
            }
        }
        news.await;
    }
}

/// Opens one polling session after the other: what any server has to do.
async fn handshakes(ground: &Ground, watch: &Mutex<Watch>) -> Harm {
    loop {
        let log = Arc::new(Log::default());
        lock(watch).asked = Some(Instant::now());
        let Ok(line) = Line::connect(&ground.authority, &ground.path, &log, 0).await else {
            return Harm::Refused;
        };
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\n{}\r\n",
            ground.target("EIO=4&transport=polling"),
            ground.authority,
            ground.headers
        );
        line.write(head.as_bytes()).await;
        loop {
            if log.lock().heard.iter().any(|heard| matches!(heard.what, What::Reply(200, _))) {
                break;
            }
            if log.lock().heard.iter().any(|heard| matches!(heard.what, What::Reply(..) | What::End)) {
                return Harm::Dropped;
            }
            let _again = timeout(PAUSE, log.news.notified()).await;
        }
        lock(watch).answered();
        line.close(false).await;
        sleep(5 * PAUSE).await;
    }
}

fn upgrade(ground: &Ground) -> String {
    format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\n{}Upgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2l4dGVlbiBieXRlcyBvaw==\r\n\r\n",
        ground.target("EIO=4&transport=websocket"),
        ground.authority,
        ground.headers
    )
}
