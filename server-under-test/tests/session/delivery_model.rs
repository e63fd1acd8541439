//! Rooms and broadcasts, against a model that is too simple to be wrong.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::subsequence};

use super::rig::{Member, Rig};

const ROOMS: [&str; 3] = ["r1", "r2", "r3"];

/// What one of the clients does.
#[derive(Clone, Debug)]
enum Step {
    Join(Vec<&'static str>),
    Leave(&'static str),
    SocketsJoin { to: Vec<&'static str>, room: &'static str },
    SocketsLeave { to: Vec<&'static str>, room: &'static str },
    Emit { by_server: bool, to: Vec<&'static str>, except: Vec<&'static str> },
    Reconnect,
}

fn step() -> impl Strategy<Value = Step> {
    let rooms = || subsequence(&ROOMS, 0..=2);
    let room = || prop::sample::select(&ROOMS);
    prop_oneof![
        3 => rooms().prop_map(Step::Join),
        2 => room().prop_map(Step::Leave),
        1 => (rooms(), room()).prop_map(|(to, room)| Step::SocketsJoin { to, room }),
        1 => (rooms(), room()).prop_map(|(to, room)| Step::SocketsLeave { to, room }),
        5 => (any::<bool>(), rooms(), rooms()).prop_map(|(by_server, to, except)| Step::Emit { by_server, to, except }),
        1 => Just(Step::Reconnect),
    ]
}

/// For each client the rooms it is in.
type Model = Vec<BTreeSet<&'static str>>;

fn addressed(model: &Model, to: &[&str], except: &[&str], without: Option<usize>) -> Vec<usize> {
    let is_in = |client: usize, rooms: &[&str]| rooms.iter().any(|room| model[client].contains(room));
    (0..model.len())
        .filter(|client| to.is_empty() || is_in(*client, to))
        .filter(|client| !is_in(*client, except) && Some(*client) != without)
        .collect()
}

proptest! {
    #[test]
    fn everybody_hears_what_the_model_says(steps in vec((0..4_usize, step()), 1..40)) {
        let mut rig = Rig::new();
        let mut members: Vec<Member> = (0..4).map(|_| rig.member()).collect();
        let mut model: Model = vec![BTreeSet::new(); 4];
        for (who, step) in steps {
            let me = &members[who];
            let mut expected: Vec<Vec<String>> = vec![Vec::new(); 4];
            let command = match &step {
                Step::Join(rooms) => {
                    model[who].extend(rooms);
                    format!(r#""op":"join","rooms":{rooms:?}"#)
                }
                Step::Leave(room) => {
                    model[who].remove(room);
                    format!(r#""op":"leave","rooms":[{room:?}]"#)
                }
                Step::SocketsJoin { to, room } => {
                    addressed(&model, to, &[], None).into_iter().for_each(|client| { model[client].insert(room); });
                    format!(r#""op":"sockets-join","via":"server","to":{to:?},"rooms":[{room:?}]"#)
                }
                Step::SocketsLeave { to, room } => {
                    addressed(&model, to, &[], None).into_iter().for_each(|client| { model[client].remove(room); });
                    format!(r#""op":"sockets-leave","via":"server","to":{to:?},"rooms":[{room:?}]"#)
                }
                Step::Emit { by_server, to, except } => {
                    let without = (!by_server).then_some(who);
                    for client in addressed(&model, to, except, without) {
                        expected[client].push(r#"42["news"]"#.to_owned());
                    }
                    let via = if *by_server { r#""via":"server""# } else { r#""broadcast":true"# };
                    format!(r#""op":"emit","event":"news",{via},"to":{to:?},"except":{except:?}"#)
                }
                Step::Reconnect => {
                    model[who].clear();
                    r#""op":"disconnect""#.to_owned()
                }
            };
            expected[who].push("432000000[{}]".to_owned());
            let mut heard = rig.command(me, &command);
            if matches!(step, Step::Reconnect) {
                prop_assert_eq!(heard.pop(), Some("41".to_owned()));
                let again = rig.say(me, "40");
                members[who].id = again[0].split('"').nth(3).unwrap().to_owned();
            }
            prop_assert_eq!(&heard, &expected[who]);
            for (client, member) in members.iter().enumerate().filter(|(client, _)| *client != who) {
                prop_assert_eq!(rig.hears(member), expected[client].clone());
            }
        }
        for (client, member) in members.iter().enumerate() {
            let session = rig.command(member, r#""op":"session""#).remove(0);
            let rooms: BTreeSet<&str> = model[client].iter().copied().chain([member.id.as_str()]).collect();
            let (_, listed) = session.split_once(r#""rooms":["#).unwrap();
            let listed = listed.split(']').next().unwrap().replace('"', "");
            prop_assert_eq!(listed.split(',').collect::<BTreeSet<_>>(), rooms);
        }
    }
}
