//! Connection state recovery: what was sent lately, and who may come back for it.
//!
//! Observed in socket.io 4.8.4, with its adapter in memory; the protocol texts do not mention it.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::{namespace::NamespaceId, value::Value};
use crate::{config::Config, engine::signals::Outgoing, fault::Fault};

/// Offsets begin with this, so that a text which an application sends last is hardly ever taken for one: clients
/// take the last argument of whatever they hear for an offset.
const OFFSET_PREFIX: char = '#';

/// What an entry of the log takes beside its packet, and a lost session beside its texts.
const OVERHEAD_BYTES: usize = 200;

/// How long sessions can come back, with the fault that makes it for ever.
const ENDLESS: Duration = Duration::from_hours(8760);

/// Whom an event was for. Names of rooms and ids of sockets, since sockets come and go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressees {
    /// One socket, by its id.
    pub only: Option<String>,
    /// Rooms whose members are meant; everybody in the namespace if empty.
    pub to: Vec<String>,
    /// Rooms whose members are not meant.
    pub except: Vec<String>,
    /// The id of the socket that spoke, if it was not to hear itself.
    pub without: Option<String>,
}

/// A session that was lost and may come back.
#[derive(Clone, Debug)]
pub struct Lost {
    /// The namespace it was in.
    pub namespace: NamespaceId,
    /// Its public id.
    pub sid: String,
    /// The id that only its client knows.
    pub pid: String,
    /// The rooms it was in.
    pub rooms: Vec<String>,
    /// What the application kept with it.
    pub data: Value,
    /// The number of the last event that was sent to it.
    pub last: u64,
    /// It has come back before.
    pub recovered: bool,
}

/// Who comes back, and what was missed meanwhile.
#[derive(Debug)]
pub struct Restored {
    /// The session as it was.
    pub session: Lost,
    /// The events it missed, oldest first.
    pub missed: Vec<Outgoing>,
}

/// The log of a server and its lost sessions, both bounded in time and in bytes.
///
/// Law: once [`Recovery::deadline`] is reached, [`Recovery::expire`] is called.
#[derive(Debug)]
pub struct Recovery {
    window: Duration,
    /// The same, but with a fault.
    loss_window: Duration,
    max_bytes: usize,
    log: VecDeque<Entry>,
    log_bytes: usize,
    /// The number of the next event; those in the log are consecutive.
    next: u64,
    /// The highest number that was dropped before its time, for want of room.
    crowded_out: u64,
    lost: HashMap<String, (u64, Lost)>,
    /// In the order they were lost. What is not the newest loss of its session counts no more.
    losses: VecDeque<Loss>,
    lost_bytes: usize,
    loss_count: u64,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    namespace: NamespaceId,
    addressees: Addressees,
    outgoing: Outgoing,
    bytes: usize,
}

#[derive(Debug)]
struct Loss {
    at: Instant,
    number: u64,
    pid: String,
    bytes: usize,
}

impl Recovery {
    /// An empty log, if the server is to have one.
    #[must_use]
    pub fn new(config: &Config) -> Option<Self> {
        let window = config.recovery_window?;
        let endless = config.faulty(Fault::RecoveryNeverExpires);
        Some(Self {
            window,
            loss_window: if endless { ENDLESS } else { window },
            max_bytes: config.max_recovery_bytes,
            log: VecDeque::new(),
            log_bytes: 0,
            next: 1,
            crowded_out: 0,
            lost: HashMap::new(),
            losses: VecDeque::new(),
            lost_bytes: 0,
            loss_count: 0,
        })
    }

    /// The offset of the event that is recorded next: its last argument.
    #[must_use]
    pub fn next_offset(&self) -> String {
        format!("{OFFSET_PREFIX}{}", self.next)
    }

    /// Keeps an event, and gives its number.
    pub fn record(
        &mut self,
        namespace: NamespaceId,
        addressees: Addressees,
        outgoing: Outgoing,
        now: Instant,
    ) -> u64 {
        let names = addressees.to.iter().chain(&addressees.except).map(String::len);
        let bytes = OVERHEAD_BYTES + outgoing.len_bytes() + names.sum::<usize>();
        self.log.push_back(Entry { at: now, namespace, addressees, outgoing, bytes });
        self.log_bytes += bytes;
        self.next += 1;
        while self.log_bytes > self.max_bytes && self.drop_oldest() {
            self.crowded_out = self.first() - 1;
        }
        self.next - 1
    }

    /// Remembers a session that was lost.
    pub fn lose(&mut self, session: Lost, now: Instant) {
        let rooms: usize = session.rooms.iter().map(|room| room.len() + size_of::<String>()).sum();
        let data = session.data.attachments().iter().map(bytes::Bytes::len).sum::<usize>();
        let pid = session.pid.clone();
        let bytes = OVERHEAD_BYTES + 3 * pid.len() + rooms + data + session.data.as_json().len();
        self.loss_count += 1;
        self.lost.insert(pid.clone(), (self.loss_count, session));
        self.losses.push_back(Loss { at: now, number: self.loss_count, pid, bytes });
        self.lost_bytes += bytes;
        while self.lost_bytes > self.max_bytes && self.forget_oldest() {}
    }

    /// A session that came back has ended for good: it does not come back for what it lost before.
    pub fn end(&mut self, pid: &str) {
        self.lost.remove(pid);
    }

    /// A client comes back with the id of its session and the offset of the last event it heard. It is given nothing
    /// if it was away for too long, or if what it missed is not known to the last event. The session can come back
    /// again: the client may be lost before it hears of its return.
    pub fn restore(
        &mut self,
        config: &Config,
        namespace: NamespaceId,
        pid: &str,
        offset: Option<&str>,
        now: Instant,
    ) -> Option<Restored> {
        self.expire(now);
        let (_, session) = self.lost.get(pid)?;
        let crossing = config.faulty(Fault::PidOfOtherNamespaceAccepted);
        if session.namespace != namespace && !crossing {
            return None;
        }
        if session.recovered && config.faulty(Fault::RecoveredOnce) {
            return None;
        }
        let heard = match offset {
            Some(offset) => self.number(config, namespace, session, offset)?,
            None if config.faulty(Fault::OffsetOptional) => session.last,
            None => return None,
        };
        let heard = match config.faulty(Fault::SentNotReplayed) {
            true => heard.max(session.last),
            false => heard,
        };
        let (missed, last) = self.missed(config, namespace, session, heard);
        let last = last.max(session.last);
        Some(Restored { session: Lost { last, ..session.clone() }, missed })
    }

    /// How many events and sessions are kept.
    #[must_use]
    pub(crate) fn entries(&self) -> usize {
        self.log.len() + self.losses.len() + self.lost.len()
    }

    /// When [`Recovery::expire`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let event = self.log.front().map(|entry| entry.at + self.window);
        let loss = self.losses.front().map(|loss| loss.at + self.loss_window);
        // What is exactly as old as the window can still be asked for.
        event.into_iter().chain(loss).min().map(|due| due + Duration::from_millis(1))
    }

    /// Forgets what is older than the window.
    pub fn expire(&mut self, now: Instant) {
        while self.log.front().is_some_and(|entry| now - entry.at > self.window) {
            self.drop_oldest();
        }
        while self.losses.front().is_some_and(|loss| now - loss.at > self.loss_window) {
            self.forget_oldest();
        }
    }

    /// The number that an offset stands for, if what followed it is known. An event may have left the log since: if
    /// it was the last one that the session was sent, nothing that followed it is older than the loss.
    fn number(&self, config: &Config, namespace: NamespaceId, session: &Lost, offset: &str) -> Option<u64> {
        let unknown = config.faulty(Fault::UnknownOffsetAccepted).then_some(session.last);
        let digits = offset.strip_prefix(OFFSET_PREFIX);
        let Some(number) = digits.and_then(|digits| digits.parse::<u64>().ok()) else { return unknown };
        let index = number.checked_sub(self.first()).and_then(|index| usize::try_from(index).ok());
        let logged = index.and_then(|index| self.log.get(index));
        let logged = logged.is_some_and(|entry| {
            entry.namespace == namespace || config.faulty(Fault::PidOfOtherNamespaceAccepted)
        });
        let was_last = number == session.last
            && number >= self.crowded_out
            && !config.faulty(Fault::IdleOffsetForgotten);
        (logged || was_last).then_some(number).or(unknown)
    }

    /// What was sent to a session after it heard the event of this number, and the number of the last of these.
    fn missed(
        &self,
        config: &Config,
        namespace: NamespaceId,
        session: &Lost,
        heard: u64,
    ) -> (Vec<Outgoing>, u64) {
        let first = self.first();
        let again = config.faulty(Fault::LastHeardReplayed);
        let missed = self.log.iter().zip(first..).filter(|(entry, number)| {
            let after = *number > heard || (again && *number == heard && !is_greeting(entry));
            let here = entry.namespace == namespace || config.faulty(Fault::MissedOfAllNamespaces);
            after && here && is_meant(config, session, entry)
        });
        let mut last = heard;
        let mut missed: Vec<Outgoing> = missed
            .map(|(entry, number)| {
                last = number;
                entry.outgoing.clone()
            })
            .collect();
        match config.fault {
            Some(Fault::MissedNewestFirst) => missed.reverse(),
            Some(Fault::MissedSentTwice) => {
                missed = missed.into_iter().flat_map(|outgoing| [outgoing.clone(), outgoing]).collect();
            }
            Some(Fault::MissedBinaryEmptied) => {
                missed.iter_mut().for_each(|outgoing| outgoing.attachments.fill(bytes::Bytes::new()));
            }
            _ => {}
        }
        (missed, last)
    }

    /// The number of the oldest event in the log.
    fn first(&self) -> u64 {
        self.next - self.log.len() as u64
    }

    fn drop_oldest(&mut self) -> bool {
        let oldest = self.log.pop_front();
        self.log_bytes -= oldest.as_ref().map_or(0, |entry| entry.bytes);
        oldest.is_some()
    }

    fn forget_oldest(&mut self) -> bool {
        let Some(loss) = self.losses.pop_front() else { return false };
        self.lost_bytes -= loss.bytes;
        if self.lost.get(&loss.pid).is_some_and(|(number, _)| *number == loss.number) {
            self.lost.remove(&loss.pid);
        }
        true
    }
}

/// Whether an event was for a session: it is as if the rooms had kept it as a member.
fn is_meant(config: &Config, session: &Lost, entry: &Entry) -> bool {
    let Addressees { only, to, except, without } = &entry.addressees;
    if let Some(only) = only {
        return *only == session.sid;
    }
    let in_one = |rooms: &[String]| rooms.iter().any(|room| session.rooms.contains(room));
    let included = match config.fault {
        Some(Fault::MissedBroadcastsLost) if to.is_empty() => false,
        Some(Fault::MissedRoomsLost) if !to.is_empty() => to.contains(&session.sid),
        Some(Fault::MissedOfAllRooms) => true,
        _ => to.is_empty() || in_one(to),
    };
    let excluded = in_one(except) && !config.faulty(Fault::MissedIgnoresExcept);
    let own = *without == Some(session.sid.clone()) && !config.faulty(Fault::MissedIncludesOwn);
    included && !excluded && !own
}

/// Whether an event is the first one of a session; only faults ask.
fn is_greeting(entry: &Entry) -> bool {
    entry.outgoing.text().is_some_and(|text| text.contains(r#"["auth","#))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Addressees, Lost, Recovery};
    use crate::{
        config::Config,
        engine::{outbox::Frame, signals::Outgoing},
        socket::{namespace::NamespaceId, value::Value},
    };

    const HERE: NamespaceId = NamespaceId(0);

    fn config(max_recovery_bytes: usize) -> Config {
        let recovery_window = Some(Duration::from_secs(2));
        Config { recovery_window, max_recovery_bytes, ..Config::default() }
    }

    fn outgoing(text: &str) -> Outgoing {
        Outgoing::new(Frame::text(text))
    }

    fn lost(pid: &str, last: u64) -> Lost {
        let (sid, pid, rooms) = ("s".to_owned(), pid.to_owned(), vec!["s".to_owned()]);
        Lost { namespace: HERE, sid, pid, rooms, data: Value::json("{}"), last, recovered: false }
    }

    #[test]
    fn the_log_and_the_losses_stay_within_their_bytes() {
        let config = config(10_000);
        let mut recovery = Recovery::new(&config).unwrap();
        let now = Instant::now();
        for number in 0..1000 {
            recovery.record(HERE, Addressees::default(), outgoing("x"), now);
            recovery.lose(lost(&format!("p{number}"), 1), now);
            assert!(recovery.log_bytes <= 10_000 && recovery.lost_bytes <= 10_000);
        }
        assert_eq!(recovery.lost.len(), recovery.losses.len());
        assert!(recovery.log.len() < 60 && recovery.lost.len() < 60);
        // What followed the first event was crowded out: it is not known what was missed.
        assert!(recovery.restore(&config, HERE, "p999", Some("#1"), now).is_none());
        assert!(recovery.restore(&config, HERE, "p999", Some("#1000"), now).is_some());
        assert!(recovery.restore(&config, HERE, "p0", Some("#1000"), now).is_none());
    }

    #[test]
    fn nothing_is_kept_for_ever() {
        let config = config(10_000);
        let mut recovery = Recovery::new(&config).unwrap();
        let mut now = Instant::now();
        assert_eq!(recovery.deadline(), None);
        for _ in 0..3 {
            recovery.record(HERE, Addressees::default(), outgoing("x"), now);
            recovery.lose(lost("p", 1), now);
            now += Duration::from_secs(1);
        }
        assert_eq!((recovery.losses.len(), recovery.lost.len()), (3, 1));
        while let Some(deadline) = recovery.deadline() {
            recovery.expire(deadline);
        }
        assert_eq!((recovery.log.len(), recovery.log_bytes), (0, 0));
        assert_eq!((recovery.lost.len(), recovery.lost_bytes), (0, 0));
    }
}
