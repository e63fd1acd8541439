//! One small history for each anomaly, and for what looks like one and is none.

mod recovery;

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Address, Anomaly, Call, Emission, History, Record, Traits, check};

/// Writes a history down, one entry after the other.
struct Pen {
    history: History,
    calls: usize,
}

impl Pen {
    /// Clients 0 and 1 are in `/`, as sockets of the same numbers.
    fn two() -> Self {
        let mut pen = Self { history: History::default(), calls: 0 };
        pen.enters(0, 0);
        pen.enters(1, 1);
        pen
    }

    fn with(mut self, traits: Traits) -> Self {
        self.history.traits = traits;
        self
    }

    fn note(&mut self, record: Record) {
        let at = Duration::from_millis(self.history.entries.len() as u64);
        self.history.push(at, record);
    }

    fn asks_in(&mut self, socket: usize, client: usize) {
        let auth = json!({});
        self.note(Record::Connects { socket, client, namespace: "/".to_owned(), auth, prompt: true });
    }

    fn enters(&mut self, socket: usize, client: usize) {
        self.asks_in(socket, client);
        self.note(Record::Connected { socket, sid: format!("sid{socket}"), pid: None });
        self.note(Record::Greeted { socket, args: vec![json!({})] });
    }

    fn calls(&mut self, by: usize, what: Call) -> usize {
        self.calls += 1;
        let call = self.calls;
        self.note(Record::Calls { call, by, what });
        call
    }

    fn answered(&mut self, call: usize, values: &[Value]) {
        self.note(Record::Answered { call, values: values.to_vec() });
    }

    fn does(&mut self, by: usize, what: Call) {
        let call = self.calls(by, what);
        self.answered(call, &[json!({})]);
    }

    fn emits(&mut self, by: usize, uid: u64, address: Address) {
        self.does(by, emit(uid, address));
    }

    fn joins(&mut self, by: usize, room: &str, join: bool) {
        self.does(by, Call::Move { whom: None, rooms: vec![room.to_owned()], join });
    }

    fn hears(&mut self, socket: usize, client: usize, uid: u64) {
        let (namespace, args) = ("/".to_owned(), vec![json!(true)]);
        let offset = self.history.traits.recovers;
        self.note(Record::Hears { client, namespace, socket: Some(socket), uid: Some(uid), args, offset });
    }

    fn fences(&mut self) {
        for socket in [0, 1] {
            let call = self.calls(socket, Call::Fence);
            self.answered(call, &[json!("fence")]);
        }
    }

    #[track_caller]
    fn shows(&self, wanted: &[Anomaly]) {
        let findings = check(&self.history);
        let names: Vec<Anomaly> = findings.iter().map(|finding| finding.anomaly).collect();
        assert_eq!(names, wanted, "{findings:#?}");
        for finding in findings {
            assert!(finding.witness.iter().all(|at| *at < self.history.entries.len()), "{finding:?}");
        }
    }
}

fn emit(uid: u64, address: Address) -> Call {
    let (namespace, args) = ("/".to_owned(), vec![json!(true)]);
    Call::Emit(Emission { uid, namespace, address, volatile: false, asks: None, args })
}

fn all() -> Address {
    Address { by_server: true, ..Address::default() }
}

fn room(room: &str) -> Address {
    Address { to: vec![room.to_owned()], ..Address::default() }
}

fn others() -> Address {
    Address { broadcast: true, ..Address::default() }
}

const RECOVERS: Traits = Traits { own_rooms: true, recovers: true, greets: true };

#[test]
fn lost() {
    let mut pen = Pen::two();
    pen.emits(0, 1, others());
    pen.shows(&[]);
    pen.fences();
    pen.shows(&[Anomaly::Lost]);
}

#[test]
fn duplicate() {
    let mut pen = Pen::two();
    pen.emits(0, 1, others());
    pen.hears(1, 1, 1);
    pen.shows(&[]);
    pen.hears(1, 1, 1);
    pen.shows(&[Anomaly::Duplicate]);
}

#[test]
fn leak() {
    let mut pen = Pen::two();
    pen.emits(0, 1, room("r"));
    pen.hears(1, 1, 1);
    pen.shows(&[Anomaly::Leak]);
}

#[test]
fn a_leak_into_another_namespace() {
    let mut pen = Pen::two();
    pen.emits(0, 1, others());
    pen.hears(1, 1, 1);
    let (namespace, args) = ("/custom".to_owned(), vec![json!(true)]);
    pen.note(Record::Hears { client: 1, namespace, socket: None, uid: Some(1), args, offset: false });
    pen.shows(&[Anomaly::Leak]);
}

#[test]
fn self_echo() {
    let mut pen = Pen::two();
    pen.emits(0, 1, others());
    pen.hears(1, 1, 1);
    pen.hears(0, 0, 1);
    pen.shows(&[Anomaly::SelfEcho]);
}

#[test]
fn reordered() {
    let mut pen = Pen::two();
    pen.emits(0, 1, others());
    pen.emits(0, 2, others());
    pen.hears(1, 1, 2);
    pen.hears(1, 1, 1);
    pen.shows(&[Anomaly::Reordered]);
}

#[test]
fn events_of_two_senders_have_no_order() {
    let mut pen = Pen::two();
    pen.emits(0, 1, all());
    pen.emits(1, 2, all());
    for (socket, first, second) in [(0, 1, 2), (1, 2, 1)] {
        pen.hears(socket, socket, first);
        pen.hears(socket, socket, second);
    }
    pen.fences();
    pen.shows(&[]);
}

#[test]
fn stale_room() {
    let mut pen = Pen::two();
    pen.joins(1, "r", true);
    pen.joins(1, "r", false);
    pen.emits(0, 1, room("r"));
    pen.hears(1, 1, 1);
    pen.shows(&[Anomaly::StaleRoom]);
}

#[test]
fn who_left_the_namespace_hears_no_more() {
    let mut pen = Pen::two();
    pen.note(Record::Leaves { socket: 1 });
    pen.note(Record::Gone { socket: 1 });
    pen.emits(0, 1, others());
    pen.hears(1, 1, 1);
    pen.shows(&[Anomaly::StaleRoom]);
}

#[test]
fn a_join_that_runs_beside_a_broadcast_may_go_either_way() {
    for heard in [false, true] {
        let mut pen = Pen::two();
        let join = pen.calls(1, Call::Move { whom: None, rooms: vec!["r".to_owned()], join: true });
        pen.emits(0, 1, room("r"));
        if heard {
            pen.hears(1, 1, 1);
        }
        pen.answered(join, &[json!({})]);
        pen.fences();
        pen.shows(&[]);
    }
}

#[test]
fn a_join_that_was_answered_counts() {
    let mut pen = Pen::two();
    pen.joins(1, "r", true);
    pen.emits(0, 1, room("r"));
    pen.fences();
    pen.shows(&[Anomaly::Lost]);
}

#[test]
fn before_connect() {
    let mut pen = Pen::two();
    pen.asks_in(2, 2);
    let call = pen.calls(0, emit(1, all()));
    pen.hears(2, 2, 1);
    pen.note(Record::Connected { socket: 2, sid: "sid2".to_owned(), pid: None });
    pen.note(Record::Greeted { socket: 2, args: vec![json!({})] });
    pen.hears(0, 0, 1);
    pen.hears(1, 1, 1);
    pen.answered(call, &[json!({})]);
    pen.shows(&[Anomaly::BeforeConnect]);
}

#[test]
fn a_greeting_before_connect() {
    let mut pen = Pen::two();
    pen.asks_in(2, 2);
    pen.note(Record::Greeted { socket: 2, args: vec![json!({})] });
    pen.note(Record::Connected { socket: 2, sid: "sid2".to_owned(), pid: None });
    pen.shows(&[Anomaly::BeforeConnect]);
}

#[test]
fn double_ack() {
    let mut pen = Pen::two();
    let values = vec![json!(7)];
    let call = pen.calls(0, Call::Ask { values: values.clone(), asks: true });
    pen.answered(call, &values);
    pen.shows(&[]);
    pen.answered(call, &values);
    pen.shows(&[Anomaly::DoubleAck]);
}

#[test]
fn an_answer_to_nothing() {
    let mut pen = Pen::two();
    pen.calls(0, Call::Ask { values: vec![json!(1)], asks: false });
    pen.note(Record::Stray { client: 0, namespace: "/".to_owned(), id: 0, values: vec![json!(1)] });
    pen.shows(&[Anomaly::DoubleAck]);
}

#[test]
fn ack_crosstalk() {
    let mut pen = Pen::two();
    let one = pen.calls(0, Call::Ask { values: vec![json!(1)], asks: true });
    let two = pen.calls(0, Call::Ask { values: vec![json!(2)], asks: true });
    pen.answered(one, &[json!(2)]);
    pen.answered(two, &[json!(1)]);
    pen.shows(&[Anomaly::AckCrosstalk, Anomaly::AckCrosstalk]);
}

#[test]
fn corrupt() {
    let mut pen = Pen::two();
    let call = pen.calls(0, Call::Ask { values: vec![json!(1)], asks: true });
    pen.answered(call, &[json!("1")]);
    pen.note(Record::Garbled { client: 0, what: "4nonsense".to_owned() });
    pen.shows(&[Anomaly::Corrupt, Anomaly::Corrupt]);
}

#[test]
fn what_is_volatile_is_not_missed() {
    let mut pen = Pen::two().with(RECOVERS);
    pen.note(Record::Fades { socket: 1 });
    pen.note(Record::Gone { socket: 1 });
    let Call::Emit(emission) = emit(1, others()) else { unreachable!() };
    pen.does(0, Call::Emit(Emission { volatile: true, ..emission }));
    pen.note(Record::Returns { socket: 1 });
    pen.note(Record::Recovered { socket: 1, pid: None });
    pen.fences();
    pen.shows(&[]);
    let (namespace, args) = ("/".to_owned(), vec![json!(true)]);
    pen.note(Record::Hears { client: 1, namespace, socket: Some(1), uid: Some(1), args, offset: false });
    pen.shows(&[Anomaly::Leak]);
}

#[test]
fn one_volatile_event_may_be_lost_and_three_may_not() {
    let mut pen = Pen::two();
    for uid in 1..=3 {
        pen.shows(&[]);
        let Call::Emit(emission) = emit(uid, others()) else { unreachable!() };
        pen.does(0, Call::Emit(Emission { volatile: true, ..emission }));
        pen.fences();
    }
    pen.shows(&[Anomaly::Lost]);
}

#[test]
fn volatile_events_that_are_sent_all_at_once_may_be_lost() {
    let mut pen = Pen::two();
    let calls: Vec<usize> = (1..=4)
        .map(|uid| {
            let Call::Emit(emission) = emit(uid, others()) else { unreachable!() };
            pen.calls(0, Call::Emit(Emission { volatile: true, ..emission }))
        })
        .collect();
    calls.into_iter().for_each(|call| pen.answered(call, &[json!({})]));
    pen.fences();
    pen.shows(&[]);
}

#[test]
fn who_watches_is_told_who_comes() {
    let mut pen = Pen::two();
    pen.does(0, Call::Watch);
    pen.enters(2, 2);
    pen.fences();
    pen.shows(&[Anomaly::Lost]);
    pen.note(Record::Told { socket: 0, sid: "sid2".to_owned() });
    pen.shows(&[]);
}

#[test]
fn wrong_answer() {
    let mut pen = Pen::two();
    pen.joins(0, "r", true);
    let call = pen.calls(0, Call::Session);
    pen.answered(call, &[json!({ "id": "sid0", "rooms": ["sid0"], "data": {}, "recovered": false })]);
    pen.shows(&[Anomaly::WrongAnswer]);
}

#[test]
fn sockets_that_are_there_are_found() {
    let mut pen = Pen::two();
    let call = pen.calls(0, Call::Lookup(all()));
    let socket = |id: &str| json!({ "id": id, "rooms": [id], "data": {} });
    pen.answered(call, &[json!({ "sockets": [socket("sid0"), socket("sid1"), socket("a stranger")] })]);
    pen.shows(&[]);
    let call = pen.calls(0, Call::Lookup(all()));
    pen.answered(call, &[json!({ "sockets": [socket("sid0")] })]);
    pen.shows(&[Anomaly::WrongAnswer]);
}

#[test]
fn cut_off() {
    let mut pen = Pen::two();
    pen.note(Record::Gone { socket: 1 });
    pen.shows(&[Anomaly::CutOff]);
}

#[test]
fn who_is_disconnected_has_to_go() {
    let mut pen = Pen::two();
    pen.does(0, Call::Remove { whom: Some(room("sid1")), close: false });
    pen.note(Record::Waited);
    pen.shows(&[Anomaly::StaleRoom]);
    pen.note(Record::Gone { socket: 1 });
    pen.shows(&[]);
}

#[test]
fn answers_in_time_are_reported() {
    let asks = |pen: &mut Pen| {
        let Call::Emit(emission) = emit(1, room("sid1")) else { unreachable!() };
        let asks = Some(Duration::from_secs(60));
        let call = pen.calls(0, Call::Emit(Emission { asks, ..emission }));
        pen.hears(1, 1, 1);
        pen.note(Record::Replies { socket: 1, uid: 1, value: json!("yes") });
        let fence = pen.calls(1, Call::Fence);
        pen.answered(fence, &[]);
        call
    };
    let tells = |pen: &mut Pen, call, answer: Value| pen.answered(call, &[answer]);
    for (answer, wanted) in [
        (json!({ "responses": ["yes"], "timedOut": false }), &[][..]),
        (json!({ "responses": [], "timedOut": true }), &[Anomaly::Lost]),
        (json!({ "responses": ["yes"], "timedOut": true }), &[Anomaly::WrongAnswer]),
        (json!({ "responses": ["yes", "yes"], "timedOut": false }), &[Anomaly::DoubleAck]),
        (json!({ "responses": ["no"], "timedOut": false }), &[Anomaly::Corrupt]),
    ] {
        let mut pen = Pen::two();
        let call = asks(&mut pen);
        tells(&mut pen, call, answer);
        pen.shows(wanted);
    }
}

#[test]
fn who_does_not_answer_is_reported() {
    let mut pen = Pen::two();
    let Call::Emit(emission) = emit(1, room("sid1")) else { unreachable!() };
    let asks = Some(Duration::from_millis(1));
    let call = pen.calls(0, Call::Emit(Emission { asks, ..emission }));
    pen.hears(1, 1, 1);
    pen.answered(call, &[json!({ "responses": [], "timedOut": false })]);
    pen.shows(&[Anomaly::WrongAnswer]);
}
