//! Transcripts are read as they were written, and errors say where they are.

use proptest::{collection::vec, option, prelude::*};
use siospec::{
    scenario::Transport,
    siot::{Act, Data, Item, Role, Script, See, Sight, Status, Step, parse},
};

fn actors() -> impl Strategy<Value = String> {
    prop_oneof![Just("alice"), Just("bob"), Just("alice.2"), Just("server"), Just("x-1")]
        .prop_map(str::to_owned)
}

/// Text of any kind: plain packets, and what has to be quoted.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("42[\"message\",\"$tag~x\"]".to_owned()),
        Just("0{\"sid\":\"$sid1\"}".to_owned()),
        Just("binary 00".to_owned()),
        any::<String>(),
        "[\\x00-\\x20\"\\\\$*{}\u{202e}\u{1e}\u{feff}0-9a-z]{0,12}",
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..5)
}

fn datas() -> impl Strategy<Value = Data> {
    prop_oneof![texts().prop_map(Data::Text), bytes().prop_map(Data::Bytes)]
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    vec(("[A-Za-z-]{1,8}", texts()), 0..3)
}

fn acts() -> impl Strategy<Value = Act> {
    let methods = || "[A-Z]{3,7}";
    prop_oneof![
        proptest::sample::select(Transport::ALL).prop_map(Act::Open),
        Just(Act::Handshake),
        actors().prop_map(Act::Carry),
        Just(Act::Upgrade),
        Just(Act::Mute),
        vec(prop_oneof![texts().prop_map(Item::Text), bytes().prop_map(Item::Binary)], 0..4)
            .prop_map(Act::Send),
        Just(Act::HangUp),
        Just(Act::Drop),
        (methods(), option::of(texts()), headers(), option::of(datas()))
            .prop_map(|(method, query, headers, body)| Act::Request { method, query, headers, body }),
        Just(Act::Poll),
        actors().prop_map(Act::Hold),
        (actors(), headers(), datas()).prop_map(|(of, headers, first)| Act::Begin { of, headers, first }),
        Just(Act::Connect),
        (methods(), texts(), headers()).prop_map(|(method, query, headers)| Act::Head {
            method,
            query,
            headers
        }),
        datas().prop_map(Act::Bytes),
        texts().prop_map(Act::Websocket),
        (any::<bool>(), 0..8u8, 0..16u8, bytes()).prop_map(|(last, reserved, opcode, payload)| Act::Frame {
            last,
            reserved,
            opcode,
            payload
        }),
        bytes().prop_map(Act::PingFrame),
        Just(Act::CloseFrame),
        Just(Act::Settle),
        Just(Act::Reset),
        Just(Act::Finish),
        Just(Act::Pause),
        Just(Act::Resume),
        Just(Act::Cork),
        Just(Act::Uncork),
    ]
}

fn sights() -> impl Strategy<Value = Sight> {
    let statuses = prop_oneof![(0..1000u16).prop_map(Status::Code), (0..10u8).prop_map(Status::Class)];
    prop_oneof![
        Just(Sight::Anything),
        texts().prop_map(Sight::Text),
        bytes().prop_map(Sight::Binary),
        texts().prop_map(Sight::Ping),
        bytes().prop_map(Sight::PongFrame),
        Just(Sight::Opened),
        option::of(any::<u16>()).prop_map(Sight::Closed),
        Just(Sight::Nothing),
        (statuses, headers(), option::of(datas())).prop_map(|(status, headers, body)| Sight::Reply {
            status,
            headers,
            body
        }),
        vec(texts(), 0..4).prop_map(Sight::Packets),
        Just(Sight::Alive),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let sees = (actors(), option::of(0..600_000u64), any::<bool>(), sights()).prop_map(
        |(actor, within_ms, any, sight)| {
            Step::See(See { actor, within_ms, any, role: Role::Passing, sight, was: None })
        },
    );
    prop_oneof![
        (0..600_000u64).prop_map(Step::Wait),
        (actors(), acts()).prop_map(|(actor, act)| Step::Act(actor, act)),
        sees,
    ]
}

prop_compose! {
    fn scripts()(
        fields in vec(("[a-z]{1,8}", "[^\r\n]{0,20}"), 0..4),
        mut steps in vec(steps(), 0..12),
        judged in option::of((actors(), sights(), option::of(sights()), any::<bool>())),
    ) -> Script {
        let fields = fields.into_iter().map(|(name, value)| (name, value.trim().to_owned())).collect();
        if let Some((actor, sight, was, must)) = judged {
            let role = if must { Role::Must } else { Role::Like };
            steps.push(Step::See(See { actor, within_ms: None, any: false, role, sight, was }));
        }
        Script { fields, steps }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(script in scripts()) {
        let written = script.to_string();
        prop_assert_eq!(parse(&written).unwrap(), script, "{}", written);
    }

    #[test]
    fn anything_is_read_or_refused(text in any::<String>()) {
        let _answer = parse(&format!("siot 1\n{text}"));
    }

    #[test]
    fn what_is_cut_short_is_read_or_refused_at_a_place_in_it(script in scripts(), cut in any::<prop::sample::Index>()) {
        let written = script.to_string();
        let end = cut.index(written.len() + 1);
        let Some(cut) = written.get(..end) else { return Ok(()) };
        if let Err(error) = parse(cut) {
            let line = cut.split('\n').nth(error.line - 1);
            prop_assert!(line.is_some_and(|line| error.column <= line.chars().count() + 1), "{}", error);
        }
    }
}

#[test]
fn errors_say_where() {
    for (text, place, why) in [
        ("rule: x\n", (1, 1), "begins with the line `siot 1`"),
        ("siot 1\nalice > sends 42\n", (2, 9), "an act is open"),
        ("siot 1\nalice > send \"42\n", (2, 14), "not closed"),
        ("siot 1\n\n# a remark\nalice < stat 200\n", (4, 9), "what is seen"),
        ("siot 1\nalice < status 2000\n", (2, 16), "three digits"),
        ("siot 1\nalice < 42\nalice ? 43\n", (3, 7), "judged step"),
        ("siot 1\nalice > drop\nalice + 42\n", (3, 7), "goes on with a step"),
        ("siot 1\nwait 300\n", (2, 9), "`ms`"),
        ("siot 1\nwait 600001 ms\n", (2, 6), "a number from 0 to 600000"),
        ("siot 1\nalice > drop\nrule: x\n", (3, 1), "fields stand before"),
        ("siot 1\nalice ! 1\nbob ~ 2\n", (1, 1), "more than one step is judged"),
        ("siot 1\nAlice > drop\n", (2, 1), "begins with an actor"),
        ("siot 1\nalice > ping 0\n", (2, 14), "hexadecimal"),
        ("siot 1\nalice > drop it\n", (2, 14), "nothing more"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.line, error.column), place, "{text:?}: {error}");
        assert!(error.why.contains(why), "{text:?}: {error}");
    }
}
