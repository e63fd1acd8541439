//! Every fault changes what a client sees.

mod engine;
mod haste;
mod judged;
mod messagepack;
mod old;
mod recovery;
mod socket;
mod values;

use std::{collections::BTreeMap, fmt::Write as _};

use judged::SEEN_BY_THE_JUDGE;
use siospec_server::{Config, Fault};

/// Below the state machines: seen only on a network, or in HTTP headers.
const ON_THE_NETWORK: [Fault; 11] = [
    Fault::NoCacheControl,
    Fault::OpenAsOctetStream,
    Fault::OldOctetsAsText,
    Fault::PostAnswersUpperCase,
    Fault::WebsocketMaxPayloadOffByOne,
    Fault::WebsocketUnlimited,
    Fault::WebsocketPingUnanswered,
    Fault::FragmentsDropped,
    // Only who connects afterwards sees these.
    Fault::InheritedTransportKills,
    Fault::ReservedEventKills,
    // Ids are not compared here.
    Fault::SidSequential,
];

type Scene = fn(Config) -> String;

const SCENES: &[(&str, Scene)] = &[
    ("admission", engine::admission),
    ("bodies", engine::bodies),
    ("open", engine::open),
    ("polling", engine::polling),
    ("polling many", engine::polling_many),
    ("polling bad", engine::polling_bad),
    ("polling binary", engine::polling_binary),
    ("second get", engine::second_get),
    ("second post", engine::second_post),
    ("polling close", engine::polling_close),
    ("websocket", engine::websocket),
    ("websocket bad", engine::websocket_bad),
    ("websocket close", engine::websocket_close),
    ("second websocket", engine::second_websocket),
    ("upgrade", engine::upgrade),
    ("upgrade fails", engine::upgrade_fails),
    ("upgrade times out", engine::upgrade_times_out),
    ("heartbeat", engine::heartbeat),
    ("silence", engine::silence),
    ("late pong", engine::late_pong),
    ("connect", socket::connect),
    ("connect later", socket::connect_later),
    ("connect wrong", socket::connect_wrong),
    ("malformed", socket::malformed),
    ("namespaces", socket::namespaces),
    ("stray events", socket::stray_events),
    ("events", socket::events),
    ("event order", socket::event_order),
    ("acks", socket::acks),
    ("asks", socket::asks),
    ("binary", socket::binary),
    ("binary wrong", socket::binary_wrong),
    ("leaving", socket::leaving),
    ("removed", socket::removed),
    ("watch", socket::watch),
    ("rooms", socket::rooms),
    ("broadcast", socket::broadcast),
    ("outsiders", socket::outsiders),
    ("sockets", socket::sockets),
    ("behind connect", haste::behind_connect),
    ("behind the end", haste::behind_the_end),
    ("lost at once", haste::lost_at_once),
    ("halves", haste::halves),
    ("several at once", haste::several_at_once),
    ("values", values::values),
    ("attachments", values::attachments),
    ("repeated acks", values::repeated_acks),
    ("memberships", values::memberships),
    ("operators", values::operators),
    ("closing sockets", values::closing_sockets),
    ("hostile names", values::hostile_names),
    ("offsets", recovery::offsets),
    ("comes back", recovery::comes_back),
    ("comes back wrongly", recovery::comes_back_wrongly),
    ("goes for good", recovery::goes_for_good),
    ("packets as MessagePack", messagepack::packets),
    ("oddities of MessagePack", messagepack::oddities),
    ("old polling", old::old_polling),
    ("old websocket", old::old_websocket),
    ("scripts", old::scripts),
];

fn play(config: &Config) -> BTreeMap<&'static str, String> {
    SCENES.iter().map(|(name, scene)| (*name, scene(config.clone()))).collect()
}

#[test]
fn scenes_repeat_themselves() {
    assert_eq!(play(&Config::testee()), play(&Config::testee()));
}

#[test]
fn every_fault_shows() {
    let sound = play(&Config::testee());
    let (mut unseen, mut listed) = (Vec::new(), Vec::new());
    for fault in Fault::ALL.iter().filter(|fault| !ON_THE_NETWORK.contains(fault)) {
        let shows = play(&Config::testee().with_fault(*fault)) != sound;
        match (shows, SEEN_BY_THE_JUDGE.contains(fault)) {
            (false, false) => unseen.push(fault.name()),
            (true, true) => listed.push(fault.name()),
            _ => {}
        }
    }
    assert!(unseen.is_empty(), "no scene shows these: {unseen:?}");
    assert!(listed.is_empty(), "a scene shows these, so they are not for the judge alone: {listed:?}");
}

/// What clients see, with ids replaced by the order of their appearance.
#[derive(Default)]
struct Notes {
    text: String,
    ids: Vec<String>,
}

impl Notes {
    fn add(&mut self, what: impl std::fmt::Debug) {
        let line = format!("{what:?}");
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        for (index, word) in line.split('"').enumerate() {
            let id = word.trim_end_matches('\\');
            if id.len() == 20 && id.chars().all(is_id) {
                let known = self.ids.iter().position(|it| it == id);
                let number = known.unwrap_or_else(|| {
                    self.ids.push(id.to_owned());
                    self.ids.len() - 1
                });
                let _ = write!(self.text, "\"#{number}");
            } else {
                let _ = write!(self.text, "{}{word}", if index > 0 { "\"" } else { "" });
            }
        }
        self.text.push('\n');
    }
}
