//! Plays a transcript before a server, and says whether what went wrong goes wrong again.

mod acts;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};

use super::normal::told_of;
use crate::{
    report::text::{elide, visible},
    run::serves,
    scenario::{Contract, Transport},
    siot::{Act, Bindings, Field, Role, Script, See, Sight, Step},
    stage::{Held, Patience, Polling, Raw, Site, Stage, Wire, Ws},
    verdict::Stop,
};

/// The answer of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// What is due came.
    Fixed,
    /// It went wrong again: what came.
    Failed(String),
    /// The transcript does not say: it cannot be played, or what came is neither right nor what came before.
    Error {
        /// Why.
        why: String,
        /// The number of the step that could not be played, counted from 0.
        step: Option<usize>,
        /// What came at the judged step.
        seen: Option<Box<Sight>>,
    },
}

impl Ending {
    fn error(why: impl Into<String>) -> Self {
        Ending::Error { why: why.into(), step: None, seen: None }
    }
}

/// An actor of a transcript.
enum Actor {
    Client(Box<Wire>),
    Hand(Box<Polling>),
    Socket(Box<Ws>),
    Held(Held),
    Line(Raw),
    /// One whose requests are each whole.
    Requests,
    Gone,
}

struct Player {
    stage: Stage,
    actors: BTreeMap<String, Actor>,
    bindings: Bindings,
    /// What was seen and not asked for yet.
    seen: BTreeMap<String, VecDeque<Sight>>,
    /// Those whose connection is closed, and with what status code.
    closed: BTreeMap<String, Option<u16>>,
    /// How much of the tape has been read.
    read: usize,
}

/// What a step stops the play with.
type Play<T = ()> = Result<T, Ending>;

/// The time in which a server notices what nobody tells it.
const MOMENT: Duration = Duration::from_millis(30);

/// A play does not take longer than this, its pauses aside.
const LONGEST: Duration = Duration::from_secs(120);

/// Plays a transcript before a server.
pub async fn play(script: &Script, site: &Arc<Site>, timeout_scale: f64) -> Ending {
    if let Some(why) = script.field(Field::Unreplayable) {
        return Ending::error(format!("not replayable: {why}"));
    }
    if script.judged().is_none() {
        return Ending::error("no step is judged (`!` or `~`)".to_owned());
    }
    if let Some(why) = lacks(script, site) {
        return Ending::error(why);
    }
    let dies = script.judged().is_some_and(|see| see.sight == Sight::Alive);
    let mut player = match Player::new(script, site, timeout_scale) {
        Ok(player) => player,
        Err(ending) => return ending,
    };
    let pauses: u64 = script.steps.iter().map(|step| if let Step::Wait(ms) = step { *ms } else { 0 }).sum();
    let limit = LONGEST.mul_f64(timeout_scale.max(1.0)) + Duration::from_millis(pauses);
    let played = timeout(limit, player.play(script)).await;
    if let (Ok(Err(Ending::Error { step: Some(_), .. })), true) = (&played, dies)
        && player.alive().await != Sight::Alive
    {
        return Ending::Failed("the server is gone".to_owned());
    }
    match played {
        Ok(Ok(())) => Ending::error("the transcript ends before a step that is judged".to_owned()),
        Ok(Err(ending)) => ending,
        Err(_) => {
            Ending::error(format!("the play did not come to an end within {:.0} s", limit.as_secs_f64()))
        }
    }
}

/// What the server does not offer of what the case needs.
fn lacks(script: &Script, site: &Site) -> Option<String> {
    let needs = script.fields.iter().filter(|(name, _)| name == Field::Needs.name()).map(|(_, value)| value);
    needs.into_iter().find_map(|need| {
        let met = match need.strip_prefix("contract ") {
            Some("echo") => site.contract >= Contract::Echo,
            Some("delivery") => site.contract >= Contract::Delivery,
            Some(_) => true,
            None => match need.strip_prefix("no ") {
                Some(feature) => !site.features.contains(feature),
                // What no handshake announces decides no step that is played.
                None if need.starts_with("a known ") => true,
                None => site.features.contains(need.as_str()),
            },
        };
        (!met).then(|| format!("the server does not offer what the case needs: {need}"))
    })
}

impl Player {
    fn new(script: &Script, site: &Arc<Site>, timeout_scale: f64) -> Play<Self> {
        static PLAYS: AtomicU64 = AtomicU64::new(0);
        let over = match script.field(Field::Over) {
            None => Transport::Polling,
            Some(name) => *Transport::ALL
                .iter()
                .find(|over| over.name() == name)
                .ok_or_else(|| Ending::error(format!("there is no transport {name}")))?,
        };
        let play = u64::from(std::process::id()) << 20 | PLAYS.fetch_add(1, Ordering::SeqCst);
        let tag = format!("{play:x}.{play}");
        let stage = Stage::new(Arc::clone(site), over, Patience::new(timeout_scale), &tag);
        let mut bindings = Bindings::default();
        let prefix = stage.own("");
        bindings.bind("tag", prefix.trim_end_matches('~'));
        bindings.bind("digits0", stage.second_namespace().trim_start_matches("/dynamic-"));
        bindings.bind("digits", stage.own_namespace().trim_start_matches("/dynamic-"));
        Ok(Self {
            stage,
            actors: BTreeMap::new(),
            bindings,
            seen: BTreeMap::new(),
            closed: BTreeMap::new(),
            read: 0,
        })
    }

    async fn play(&mut self, script: &Script) -> Play {
        for (number, step) in script.steps.iter().enumerate() {
            match step {
                Step::Wait(ms) => sleep(Duration::from_millis(*ms)).await,
                Step::Act(actor, act) => {
                    let within = self.time_for(script.steps.get(number + 1), actor);
                    let act = self.filled(act).map_err(|why| at(number, &why))?;
                    let done = self.act(actor, act, within).await;
                    self.take_in(actor);
                    // A server may hang up in the middle of what it refuses: what it said is read all the same.
                    let in_pieces = matches!(step, Step::Act(_, Act::Bytes(_) | Act::Head { .. }));
                    if let (Err(stop), false) = (done, in_pieces) {
                        let nothing_seen = self.seen.get(actor).is_none_or(VecDeque::is_empty);
                        if nothing_seen {
                            return Err(at(number, &because(stop)));
                        }
                    }
                }
                Step::See(see) if see.role == Role::Passing => {
                    if self.is_over(see, script) {
                        continue;
                    }
                    self.passes(see, script, number).await.map_err(|why| at(number, &why))?;
                }
                Step::See(see) => return Err(self.judge(see).await),
            }
        }
        Ok(())
    }

    /// The time given to a step that is seen right after an act, if it says so.
    fn time_for(&self, next: Option<&Step>, actor: &str) -> Option<Duration> {
        match next {
            Some(Step::See(see)) if see.actor == actor => {
                see.within_ms.map(|ms| self.stage.patience().rescaled(Duration::from_millis(ms)))
            }
            _ => None,
        }
    }

    /// Waits for what has to come before the acting goes on; what else comes is kept for later.
    async fn passes(&mut self, see: &See, script: &Script, number: usize) -> Result<(), String> {
        let aside = self.seen.entry(see.actor.clone()).or_default();
        if let Some(found) = aside.iter().position(|seen| self.bindings.see(&see.sight, seen)) {
            aside.remove(found);
            return Ok(());
        }
        if self.is_answered(&see.actor)
            && let Some(seen) = self.seen.entry(see.actor.clone()).or_default().pop_front()
        {
            return Err(format!("{} had to see {}, and saw {seen}", see.actor, see.sight));
        }
        // What is not judged is given the time that any machine needs.
        let deadline = Instant::now() + self.time_of(see).max(Duration::from_secs(4));
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let seen = self.look(see, left).await?;
            if self.bindings.see(&see.sight, &seen) {
                return Ok(());
            }
            if matches!(seen, Sight::Closed(_))
                && (self.is_over(see, script) || is_done(&see.actor, script, number))
            {
                return Ok(());
            }
            if !matches!(seen, Sight::Text(_) | Sight::Binary(_)) || left.is_zero() {
                return Err(format!("{} had to see {}, and saw {seen}", see.actor, see.sight));
            }
            self.seen.entry(see.actor.clone()).or_default().push_back(seen);
        }
    }

    /// Whether the end that is judged is there already, so that nothing more can come before it.
    fn is_over(&self, see: &See, script: &Script) -> bool {
        let judged = script.judged();
        let ends = judged
            .is_some_and(|judged| judged.actor == see.actor && matches!(judged.sight, Sight::Closed(_)));
        ends && self.closed.contains_key(&see.actor)
    }

    async fn judge(&mut self, see: &See) -> Ending {
        let next = self.seen.get_mut(&see.actor).and_then(VecDeque::pop_front);
        let seen = match next {
            Some(seen) => seen,
            None if see.sight == Sight::Alive => self.alive().await,
            None => match self.look(see, self.time_of(see)).await {
                Ok(seen) => seen,
                Err(why) => return Ending::error(why),
            },
        };
        if self.bindings.see(&see.sight, &seen) {
            return Ending::Fixed;
        }
        let again = see.was.as_ref().is_none_or(|was| self.bindings.see(was, &seen));
        let shown = shown(&seen, &see.sight);
        if again {
            Ending::Failed(shown)
        } else if see.role == Role::Must {
            Ending::Failed(format!("{shown} (in another way than before)"))
        } else {
            let why =
                format!("{} saw {shown}: neither what the reference shows nor what came before", see.actor);
            Ending::Error { why, step: None, seen: Some(Box::new(seen)) }
        }
    }

    async fn alive(&self) -> Sight {
        /// A server may take a moment to die, and a busy machine some more to let it.
        const DYING: Duration = Duration::from_millis(200);
        const LOOKS: usize = 4;
        let (site, patience) = (self.stage.shared_site(), self.stage.patience());
        let mut alive = true;
        for _ in 0..LOOKS {
            alive = alive && serves(&site, patience).await;
            if !alive {
                break;
            }
            sleep(DYING).await;
        }
        if alive { Sight::Alive } else { Sight::Nothing }
    }

    /// Whether whatever an actor sees answers what it did last.
    fn is_answered(&self, name: &str) -> bool {
        matches!(self.actors.get(name), Some(Actor::Hand(_) | Actor::Requests) | None)
    }

    fn time_of(&self, see: &See) -> Duration {
        let patience = self.stage.patience();
        see.within_ms.map_or(patience.answer(), |ms| patience.rescaled(Duration::from_millis(ms)))
    }

    /// The next thing that an actor sees.
    async fn look(&mut self, see: &See, within: Duration) -> Result<Sight, String> {
        let deadline = Instant::now() + within;
        loop {
            // What came may be for others.
            if let Some(seen) =
                self.look_once(see, deadline.saturating_duration_since(Instant::now())).await?
            {
                return Ok(seen);
            }
        }
    }

    async fn look_once(&mut self, see: &See, within: Duration) -> Result<Option<Sight>, String> {
        let name = see.actor.as_str();
        if let Some(code) = self.closed.get(name) {
            return Ok(Some(Sight::Closed(*code)));
        }
        let looked = match self.actors.get_mut(name) {
            Some(Actor::Client(wire)) => {
                let wants_ping =
                    matches!(see.sight, Sight::Ping(_)) || matches!(see.was, Some(Sight::Ping(_)));
                if wants_ping {
                    wire.next_ping().await.map(drop)
                } else {
                    wire.next_heard_within(within).await.map(drop)
                }
            }
            Some(Actor::Socket(ws)) if see.any => ws.next_within(within).await.map(drop),
            Some(Actor::Socket(ws)) => ws.next_packet_within(within).await.map(drop),
            Some(Actor::Line(raw)) => raw.reply_within(within).await.map(drop),
            Some(Actor::Held(_)) => {
                let Some(Actor::Held(held)) = self.actors.insert(name.to_owned(), Actor::Gone) else {
                    return Err(format!("{name} holds no request"));
                };
                held.reply_within(within).await.map(drop)
            }
            Some(Actor::Hand(_) | Actor::Requests) => {
                return Err(format!("{name} asked for nothing that would be answered"));
            }
            Some(Actor::Gone) | None => return Err(format!("{name} is not there")),
        };
        let kept = self.seen.get(name).map_or(0, VecDeque::len);
        self.take_in(name);
        // What was kept for later stands before what is new.
        let new = self.seen.get_mut(name).and_then(|seen| seen.remove(kept));
        if new.as_ref().is_some_and(|new| self.is_of_a_stranger(new)) {
            return Ok(None);
        }
        if see.any
            && matches!(&new, Some(Sight::Text(text)) if text.starts_with('2'))
            && ![Some(&see.sight), see.was.as_ref()].into_iter().flatten().any(is_ping)
        {
            self.socket(name).map_err(because)?.text("3").await.map_err(because)?;
            return Ok(None);
        }
        match (new, looked) {
            (Some(Sight::Closed(code)), _) => {
                self.closed.insert(name.to_owned(), code);
                Ok(Some(Sight::Closed(code)))
            }
            (Some(seen), _) => Ok(Some(seen)),
            (None, Ok(())) => Ok(None),
            // Nothing came since the upgrade.
            (None, Err(_)) => Ok(Some(Sight::Nothing)),
        }
    }

    /// Whether somebody is told to come or go who does not take part: another play's, or a real user.
    fn is_of_a_stranger(&self, seen: &Sight) -> bool {
        told_of(seen).is_some_and(|sid| !self.bindings.has_value(&sid))
    }

    /// Takes in what the last act showed.
    fn take_in(&mut self, name: &str) {
        let (seen, read) = self.stage.transcript().tape.seen_since(self.read);
        self.read = read;
        self.seen.entry(name.to_owned()).or_default().extend(seen);
    }
}

/// Whether an actor does and sees nothing more, so that it does not matter how its connection ended.
fn is_done(actor: &str, script: &Script, number: usize) -> bool {
    let after = script.steps.iter().skip(number + 1).filter(|step| step.actor() == Some(actor));
    after.into_iter().all(|step| matches!(step, Step::Act(_, Act::Drop)))
}

/// Whether a sight is a ping, which else is answered and passed over.
fn is_ping(sight: &Sight) -> bool {
    matches!(sight, Sight::Text(text) if text.starts_with('2'))
}

fn at(number: usize, why: &str) -> Ending {
    Ending::Error { why: format!("step {}: {why}", number + 1), step: Some(number), seen: None }
}

fn because(stop: Stop) -> String {
    match stop {
        Stop::Violation(violation) => violation.observed,
        Stop::Inconclusive(why) | Stop::Unsupported(why) => why,
    }
}

/// What was seen, as far as it is compared.
fn shown(seen: &Sight, due: &Sight) -> String {
    let mut seen = seen.clone();
    if let (Sight::Reply { headers, .. }, Sight::Reply { headers: due, .. }) = (&mut seen, due) {
        headers.retain(|(name, _)| due.iter().any(|(wanted, _)| wanted == name));
    }
    /// What is longer says no more.
    const MOST_CHARS: usize = 400;
    let seen = seen.to_string();
    visible(&elide(&seen, MOST_CHARS)).into_owned()
}
