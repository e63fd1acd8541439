//! What the connections of one case say against the server.

mod delivery;
mod legal;
mod packet;
mod state;

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use self::packet::{Packet, is_plain};
use super::{
    case::{ATTACKERS, Case},
    evidence::Evidence,
    generate::texts_of,
    ground::Ground,
    oracle::{Oracle, Oracles},
    perform::Performance,
    wire::{Exchange, LineLog, Seen, What},
};
use crate::siot::{Act, Item, Step};

/// Looks at what a case saw, after everything that was due had its time. `lag` is the delay of our own machine.
pub(super) fn judge(
    case: &Case,
    done: &Performance,
    ground: &Ground,
    oracles: &Oracles,
    lag: Duration,
) -> Vec<Evidence> {
    let seen = done.log.lock();
    let mut all = Vec::new();
    for line in &seen.lines {
        for exchange in &line.exchanges {
            all.extend(server_error(exchange));
            all.extend(unanswered(exchange, line, ground, lag));
            all.extend(oversized(exchange, ground));
        }
        all.extend(not_closed(line, ground, lag));
        all.extend(heartbeat(line, ground));
    }
    all.extend(echoed_too_much(case, &seen, ground));
    all.extend(wrong_answers(case, &seen));
    all.extend(state::judge(case, &seen));
    if ground.echoes {
        let waited = done.finished.map_or(Duration::ZERO, |finished| finished.elapsed());
        all.extend(delivery::judge(case, done, &seen, waited.saturating_sub(lag) > grace(ground)));
    }
    all.retain(|evidence| oracles.holds(evidence.oracle));
    all
}

/// How long a case has to wait until nothing more is due.
pub(super) fn longest_due(ground: &Ground) -> Duration {
    ground.budget() + 2 * grace(ground)
}

/// The time in which a server does what it does at once.
fn grace(ground: &Ground) -> Duration {
    ground.scaled(2000)
}

fn server_error(exchange: &Exchange) -> Option<Evidence> {
    // What a server does not know it may say with these.
    const FINE: [u16; 2] = [501, 505];
    let status = exchange.status.filter(|status| (500..600).contains(status) && !FINE.contains(status))?;
    // The reference says so to methods of which the protocol makes no use.
    if !["GET ", "POST ", "OPTIONS "].iter().any(|method| exchange.what.starts_with(method)) {
        return None;
    }
    let method = exchange.what.split(' ').next().unwrap_or_default();
    let what = format!("{} was answered with {status}", short(&exchange.what));
    Some(Evidence::of_kind(Oracle::ServerError, format!("{method} {status}"), what))
}

fn unanswered(exchange: &Exchange, line: &LineLog, ground: &Ground, lag: Duration) -> Option<Evidence> {
    if exchange.status.is_some() || line.ended.is_some() || line.odd || !exchange.ours {
        return None;
    }
    let due = if exchange.waits { ground.budget() + grace(ground) } else { grace(ground) };
    let waited = exchange.sent.elapsed().saturating_sub(lag);
    let seconds = waited.as_secs_f64();
    (waited > due).then(|| {
        Evidence::new(
            Oracle::Unanswered,
            format!("{} got no answer for {seconds:.1} s", short(&exchange.what)),
        )
    })
}

fn oversized(exchange: &Exchange, ground: &Ground) -> Option<Evidence> {
    let most = ground.max_payload_bytes;
    let taken = exchange.ours && exchange.status == Some(200) && exchange.body_bytes > most + most / 50;
    (taken && exchange.what.starts_with("POST ")).then(|| {
        let what =
            format!("a POST of {} bytes was accepted, though maxPayload is {most}", exchange.body_bytes);
        Evidence::new(Oracle::Limit, what)
    })
}

fn not_closed(line: &LineLog, ground: &Ground, lag: Duration) -> Option<Evidence> {
    let broke = line.broke.filter(|_| line.ended.is_none() && !line.odd)?;
    let waited = broke.elapsed().saturating_sub(lag);
    (waited > ground.budget() + grace(ground)).then(|| {
        Evidence::new(
            Oracle::NotClosed,
            format!("a connection that broke RFC 6455 is still open after {:.1} s", waited.as_secs_f64()),
        )
    })
}

fn heartbeat(line: &LineLog, ground: &Ground) -> Option<Evidence> {
    /// A server may begin with a ping, and one may overtake another.
    const SLACK: f64 = 3.0;
    /// A part of the time between two pings by which one may be early.
    const EARLY: f64 = 0.3;
    let since = line.upgraded?.elapsed();
    let due = since.as_secs_f64() / ground.ping_interval.as_secs_f64().max(0.001);
    let most = (due + EARLY).floor() + if ground.begins_with_ping { 1.0 } else { 0.0 };
    let pings = f64::from(line.pings);
    let is_plain = pings > due * 1.5 + SLACK;
    (is_plain || pings > most).then(|| {
        let what = format!(
            "{} pings in {:.1} s, though pingInterval is {:.1} s",
            line.pings,
            since.as_secs_f64(),
            ground.ping_interval.as_secs_f64()
        );
        Evidence { faint: !is_plain, ..Evidence::new(Oracle::Heartbeat, what) }
    })
}

/// An event above the limit that came back was accepted.
fn echoed_too_much(case: &Case, seen: &Seen, ground: &Ground) -> Option<Evidence> {
    let most = ground.max_payload_bytes;
    let sent = case.steps.iter().any(|step| {
        matches!(step, Step::Act(_, act) if texts_of(act).iter().any(|text| {
            text.len() > most + most / 50 && text.starts_with("42[\"message\",\"aaaa")
        }))
    });
    let back = seen.heard.iter().any(|heard| match &heard.what {
        What::Text(text) => text.len() >= 2_000 && text.starts_with("42[\"message-back\",\"aaaa"),
        _ => false,
    });
    // A smaller one may have been sent too.
    let only = case.steps.iter().all(|step| match step {
        Step::Act(_, act) => texts_of(act)
            .iter()
            .all(|text| !text.starts_with("42[\"message\",\"aaaa") || text.len() > most + most / 50),
        _ => true,
    });
    (sent && back && only)
        .then(|| Evidence::new(Oracle::Limit, format!("a message above maxPayload, {most}, was echoed")))
}

/// Acknowledgements of plain events hold what was sent with them.
fn wrong_answers(case: &Case, seen: &Seen) -> Option<Evidence> {
    let mut asked: Vec<(usize, u64, Value)> = Vec::new();
    for step in &case.steps {
        let Step::Act(name, Act::Send(items)) = step else { continue };
        let actor = ATTACKERS.iter().position(|attacker| attacker == name)?;
        for item in items {
            if let Item::Text(text) = item
                && let Some((id, args)) = question(text)
            {
                asked.push((actor, id, args));
            }
        }
    }
    for heard in &seen.heard {
        let What::Text(text) = &heard.what else { continue };
        let Some((id, args)) = answer(text) else { continue };
        let mut questions = asked.iter().filter(|(actor, asked, _)| *actor == heard.actor && *asked == id);
        // Somebody who asks twice cannot tell the answers apart.
        if let (Some((_, _, due)), None) = (questions.next(), questions.next())
            && *due != args
        {
            return Some(Evidence::new(Oracle::Answer, format!("{due} was acknowledged with {args}")));
        }
    }
    None
}

/// An event that is echoed, and whose arguments every language can hold.
fn question(text: &str) -> Option<(u64, Value)> {
    let Packet { kind: '2', namespace: "/", id: Some(id), mut args, .. } = Packet::of(text)? else {
        return None;
    };
    // One that takes more may have an application of its own mind about it.
    let is_echo = args.first()?.as_str() == Some("message-with-ack") && args.len() == 2;
    args.remove(0);
    (is_echo && args.iter().all(is_plain)).then_some((id, Value::Array(args)))
}

fn answer(text: &str) -> Option<(u64, Value)> {
    match Packet::of(text)? {
        Packet { kind: '3', namespace: "/", id: Some(id), args, .. } => Some((id, Value::Array(args))),
        _ => None,
    }
}

fn short(what: &str) -> String {
    what.chars().take(120).collect()
}

/// For how long somebody who keeps to the protocol waits for answers, if there is one who still does.
pub(super) fn awaits(case: &Case, done: &Performance, ground: &Ground) -> Option<Duration> {
    let is_awaited = ground.echoes && delivery::is_awaited(case, done, &done.log.lock());
    is_awaited.then(|| grace(ground).mul_f64(1.2))
}

/// Waits until nobody does any more, or all of that time has passed.
pub(super) async fn answers_come(case: &Case, done: &[Performance], ground: &Ground, lag: Duration) {
    let began = Instant::now();
    let is_due =
        |one: &Performance| awaits(case, one, ground).is_some_and(|time| began.elapsed() < time + lag);
    while done.iter().any(is_due) {
        sleep(Duration::from_millis(10)).await;
    }
}

/// For how many times the interval of pings a connection stays open to see whether they come too often.
const LINGERS: f64 = 1.2;

/// How long a connection stays open after its case to see whether pings come too often; nothing where there is
/// no such connection.
pub(super) fn lingers(done: &Performance, ground: &Ground) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(3);
    let seen = done.log.lock();
    let open = seen.lines.iter().any(|line| line.ended.is_none() && line.upgraded.is_some());
    let time = ground.ping_interval.mul_f64(LINGERS);
    (open && time < LONGEST).then_some(time)
}

/// The sessions of a case that must be gone once their budget is over.
pub(super) fn sessions(done: &Performance) -> Vec<String> {
    done.log.lock().sids.iter().map(|(_, sid)| sid.clone()).collect()
}

/// The first moment at which a session that was last used now must be gone.
pub(super) fn reclaimed_by(ground: &Ground) -> Instant {
    Instant::now() + 2 * ground.budget() + grace(ground)
}
