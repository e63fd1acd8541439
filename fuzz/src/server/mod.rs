//! Scripted clients against the core of the reference server, which has neither a network nor a clock of its own.

mod client;
mod model;
mod operation;
mod rig;

use arbitrary::{Arbitrary, Unstructured};
use model::Who;
use operation::{Operation, Said, Saying, Script};
use rig::Rig;
use siospec_codec::socket::{Body, EventName, Packet};
use siospec_server::Fault;
use siospec_server::engine::signals::{Input, Reason, SocketId};

/// How many sessions there are at most.
const MAX_CLIENTS: usize = 6;
const MAX_STEPS: usize = 60;

/// Whatever clients do: everybody hears what the naive model says, in its order and once, and nothing else; every
/// request is answered once; sessions end when they have to and not otherwise; what they hold is bounded; once they
/// are over nothing is left of them; and the same happens when it is done again.
pub fn holds(data: &[u8]) {
    let script = read(data);
    let trace = run(&script, None);
    assert_eq!(run(&script, None), trace, "the same steps have other consequences");
}

/// Like [`holds`], for a server with a fault: where it panics, the input shows the fault.
pub fn holds_despite(data: &[u8], fault: Fault) {
    run(&read(data), Some(fault));
}

/// What the clients do, step by step.
#[must_use]
pub fn steps(data: &[u8]) -> String {
    let script = read(data);
    let steps = script.steps.iter().map(|step| format!("{step:?}\n"));
    steps.chain([format!("recovery: {}\n", script.recovery)]).collect()
}

fn read(data: &[u8]) -> Script {
    let mut script = Script::arbitrary(&mut Unstructured::new(data)).unwrap_or_default();
    script.steps.truncate(MAX_STEPS);
    script
}

fn run(script: &Script, fault: Option<Fault>) -> Vec<String> {
    let mut rig = Rig::new(script.recovery, fault);
    rig.open(true, true);
    rig.open(false, true);
    for step in &script.steps {
        let who = usize::from(step.who) % rig.clients.len();
        carry_out(&mut rig, who, &step.what);
        rig.attend();
    }
    wind_up(rig)
}

fn carry_out(rig: &mut Rig, who: Who, what: &Operation) {
    match what {
        Operation::Open { websocket, attentive } => {
            if rig.clients.len() < MAX_CLIENTS {
                rig.open(*websocket, *attentive);
            }
        }
        Operation::Get => rig.get(who),
        Operation::GetLost => {
            if let Some(request) = rig.clients[who].get.take() {
                rig.give_up(request);
                rig.clients[who].may_end(Reason::TransportError);
                rig.input(who, Input::GetLost(request));
                rig.assert_ended(who);
            }
        }
        Operation::PostBegins => rig.post_begins(who),
        Operation::PostEnds(sayings) => {
            let said: Vec<Said> = sayings.iter().flat_map(|saying| messages(rig, saying)).collect();
            rig.post_ends(who, &said);
        }
        Operation::PostRefused => rig.post_refused(who),
        Operation::PostLost => {
            if let Some(request) = rig.clients[who].post.take() {
                rig.give_up(request);
                rig.clients[who].may_end(Reason::TransportError);
                rig.input(who, Input::PostLost(request));
                rig.assert_ended(who);
            }
        }
        Operation::OpenCandidate => {
            let socket = SocketId(rig.next_id());
            rig.clients[who].sockets.push(socket);
            rig.input(who, Input::SocketOpened(socket));
        }
        Operation::Probe => blurt(rig, who, &[Said::Text("2probe".to_owned())]),
        Operation::Upgrade => blurt(rig, who, &[Said::Text("5".to_owned())]),
        Operation::ChangeTransport(meanwhile) => change_transport(rig, who, meanwhile),
        Operation::Blurt(saying) => {
            let said = messages(rig, saying);
            blurt(rig, who, &said);
        }
        Operation::Say(saying) => {
            let said = messages(rig, saying);
            rig.say(who, &said);
        }
        Operation::Read => rig.read(who),
        Operation::FallSilent => rig.clients[who].silent = true,
        Operation::Close => rig.say(who, &[Said::Text("1".to_owned())]),
        Operation::Hangup { candidate, broken } => {
            let client = &mut rig.clients[who];
            let socket = if *candidate { client.candidate() } else { client.carrier };
            if let Some(socket) = socket.filter(|socket| client.sockets.contains(socket)) {
                hang_up(rig, who, socket, *broken);
            }
        }
        Operation::Wait { ms } => rig.advance(u64::from(*ms) % 250),
        Operation::ShutDown => {
            rig.clients[who].may_end(Reason::ShuttingDown);
            rig.input(who, Input::ShutDown);
        }
    }
}

/// Probes and upgrades. Where no other websocket is in the way, that has to succeed.
fn change_transport(rig: &mut Rig, who: Who, meanwhile: &[(u8, Saying)]) {
    let client = &rig.clients[who];
    if client.ended.is_some() || client.carrier.is_some() || !client.sockets.is_empty() {
        return;
    }
    let socket = SocketId(rig.next_id());
    rig.clients[who].sockets.push(socket);
    rig.input(who, Input::SocketOpened(socket));
    rig.say_on(who, socket, &Said::Text("2probe".to_owned()));
    assert_eq!(rig.clients[who].get, None, "a held GET is released");
    rig.read(who);
    assert!(rig.clients[who].probed, "a probe is answered");
    for (other, saying) in meanwhile.iter().take(3) {
        let said = messages(rig, saying);
        rig.say(usize::from(*other) % rig.clients.len(), &said);
    }
    if rig.clients[who].ended.is_some() {
        return;
    }
    rig.say_on(who, socket, &Said::Text("5".to_owned()));
    assert_eq!(rig.clients[who].carrier, Some(socket), "the upgrade succeeds");
}

/// Says something on a websocket that is not in use, if there is one.
fn blurt(rig: &mut Rig, who: Who, said: &[Said]) {
    for it in said {
        if let Some(socket) = rig.clients[who].candidate() {
            rig.say_on(who, socket, it);
        }
    }
}

fn hang_up(rig: &mut Rig, who: Who, socket: SocketId, broken: bool) {
    let client = &mut rig.clients[who];
    client.sockets.retain(|it| *it != socket);
    let (reason, input) = match broken {
        true => (Reason::TransportError, Input::SocketFailed(socket)),
        false => (Reason::TransportClose, Input::SocketClosed(socket)),
    };
    if client.carrier == Some(socket) {
        client.may_end(reason);
        rig.input(who, input);
        return rig.assert_ended(who);
    }
    rig.input(who, input);
}

/// The messages of a saying, unless the model knows too little about them.
fn messages(rig: &mut Rig, saying: &Saying) -> Vec<Said> {
    let tag = rig.next_id();
    match saying {
        Saying::Do(_, command) => {
            rig.model.commands.insert(command.members(tag), command.clone());
        }
        Saying::Packet(text) if beyond_the_model(text) => return Vec::new(),
        Saying::Raw(text)
            if text.split('\u{1e}').any(|packet| beyond_the_model(packet.get(1..).unwrap_or(""))) =>
        {
            return Vec::new();
        }
        _ => {}
    }
    saying.messages(tag)
}

/// Whether this is something that the application would answer, not written as only [`Saying`] writes it.
fn beyond_the_model(text: &str) -> bool {
    text.split('\u{1e}').any(|text| match Packet::decode(text).map(|packet| packet.body) {
        Ok(Body::Ack { .. }) => true,
        Ok(Body::Event { args, .. }) => matches!(
            args.event_name(),
            Some(EventName::Text(name)) if name == "message" || name == "message-with-ack" || name == "do"
        ),
        _ => false,
    })
}

/// Lets everybody receive what is left, and go; then there must be nothing left.
fn wind_up(mut rig: Rig) -> Vec<String> {
    for who in 0..rig.clients.len() {
        rig.read(who);
        if rig.clients[who].ended.is_none()
            && rig.clients[who].carrier.is_none()
            && rig.clients[who].get.is_none()
        {
            rig.get(who);
        }
        if rig.clients[who].ended.is_none() {
            rig.model.assert_all_received(who);
        }
    }
    for who in 0..rig.clients.len() {
        rig.clients[who].silent = true;
        // Half of them say goodbye, the others are never heard of again.
        if let Some(socket) = rig.clients[who].carrier.filter(|_| who % 2 == 0) {
            hang_up(&mut rig, who, socket, false);
        }
    }
    rig.advance(2000);
    for who in 0..rig.clients.len() {
        rig.read(who);
        // A POST that was begun is answered when its body has come, however late that is.
        rig.post_ends(who, &[]);
    }
    rig.finish()
}
