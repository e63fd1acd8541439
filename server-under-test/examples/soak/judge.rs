//! What each client must have heard in a round, and what it may have heard.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use crate::client::{Client, ROOMS, Said, Stay, forget_round};

/// What went wrong, and how much went right.
#[derive(Debug, Default)]
pub(crate) struct Anomalies {
    delivered: u64,
    lost: u64,
    duplicated: u64,
    leaked: u64,
    reordered: u64,
    pub(crate) recovered: u64,
    not_recovered: u64,
}

/// A round whose acts are over and whose clients have caught up.
pub(crate) struct Round<'a> {
    clients: &'a mut [Client],
}

impl<'a> Round<'a> {
    pub(crate) fn new(clients: &'a mut [Client]) -> Self {
        Self { clients }
    }

    /// Counts what went wrong; then the round is forgotten.
    pub(crate) fn judge(&mut self) -> Anomalies {
        let mut by_room: Vec<Vec<(usize, Said)>> = vec![Vec::new(); ROOMS];
        let mut said = HashMap::new();
        for client in self.clients.iter() {
            for event in &client.said {
                by_room[event.room].push((client.number, *event));
                said.insert((client.number, event.number), *event);
            }
        }
        let mut anomalies = Anomalies::default();
        for client in self.clients.iter_mut() {
            anomalies.judge(client, &by_room, &said);
        }
        forget_round(self.clients);
        anomalies
    }
}

impl Anomalies {
    fn judge(
        &mut self,
        client: &mut Client,
        by_room: &[Vec<(usize, Said)>],
        said: &HashMap<(usize, u64), Said>,
    ) {
        let mut heard = HashSet::new();
        let mut last = HashMap::new();
        for key @ (sender, number) in &client.heard {
            self.delivered += 1;
            self.duplicated += u64::from(!heard.insert(*key));
            self.reordered += u64::from(last.insert(*sender, *number).is_some_and(|before| before > *number));
            // Like the reference, the server sends again what the rooms of a lost session were told since it heard
            // something, even before it was in them.
            let again = client.replayed.contains(key);
            let may = said.get(key).is_some_and(|event| {
                client.stays.iter().any(|it| may_hear(it, event) || (again && it.room == event.room))
            });
            self.leaked += u64::from(!may || *sender == client.number);
        }
        for stay in &client.stays {
            let due = by_room[stay.room]
                .iter()
                .filter(|(sender, event)| *sender != client.number && must_hear(stay, event));
            self.lost +=
                due.filter(|(sender, event)| !heard.contains(&(*sender, event.number))).count() as u64;
        }
        self.recovered += std::mem::take(&mut client.recovered);
        self.not_recovered += std::mem::take(&mut client.not_recovered);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.leaked += other.leaked;
        self.reordered += other.reordered;
        self.recovered += other.recovered;
        self.not_recovered += other.not_recovered;
    }

    /// Whether anything went wrong.
    pub(crate) fn any(&self) -> bool {
        self.lost + self.duplicated + self.leaked + self.reordered > 0
    }
}

impl fmt::Display for Anomalies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} delivered, {} lost, {} duplicated, {} leaked, {} reordered; {} came back, {} as somebody new",
            self.delivered,
            self.lost,
            self.duplicated,
            self.leaked,
            self.reordered,
            self.recovered,
            self.not_recovered
        )
    }
}

/// The stay had begun for certain when the event was sent, and had not ended when it was confirmed.
fn must_hear(stay: &Stay, event: &Said) -> bool {
    stay.confirmed < event.sent && event.confirmed < stay.left
}

/// The stay may have begun before the event was over, and may not have ended before it was sent.
fn may_hear(stay: &Stay, event: &Said) -> bool {
    stay.asked < event.confirmed && event.sent < stay.gone
}
