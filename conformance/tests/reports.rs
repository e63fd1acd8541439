//! Every renderer on the same recorded runs.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure report")]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use siospec::report::{
    Event, JsonLines, Kind, Page, Reporter, Reports, Spec,
    event::{Case, Counts, End, Group, Line, Outcome, Start, Target, Way},
    read,
};

#[test]
fn human_passing() {
    insta::assert_snapshot!(render(Kind::Human, Page::PLAIN, &passing()));
}

#[test]
fn human_failing() {
    insta::assert_snapshot!(render(Kind::Human, Page::PLAIN, &failing()));
}

#[test]
fn human_failing_on_a_narrow_terminal() {
    insta::assert_snapshot!(render(Kind::Human, Page { width: 60, ..Page::PLAIN }, &failing()));
}

#[test]
fn human_in_colour() {
    let text = render(Kind::Human, Page { colour: true, ..Page::PLAIN }, &failing());
    insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
}

#[test]
fn human_broken_off() {
    insta::assert_snapshot!(render(Kind::Human, Page::PLAIN, &broken_off()));
}

#[test]
fn jsonl_failing() {
    insta::assert_snapshot!(render(Kind::Jsonl, Page::PLAIN, &failing()));
}

#[test]
fn junit_passing() {
    insta::assert_snapshot!(render(Kind::Junit, Page::PLAIN, &passing()));
}

#[test]
fn junit_failing() {
    insta::assert_snapshot!(render(Kind::Junit, Page::PLAIN, &failing()));
}

#[test]
fn junit_broken_off() {
    insta::assert_snapshot!(render(Kind::Junit, Page::PLAIN, &broken_off()));
}

#[test]
fn markdown_passing() {
    insta::assert_snapshot!(render(Kind::Markdown, Page::PLAIN, &passing()));
}

#[test]
fn markdown_failing() {
    insta::assert_snapshot!(render(Kind::Markdown, Page::PLAIN, &failing()));
}

#[test]
fn markdown_broken_off() {
    insta::assert_snapshot!(render(Kind::Markdown, Page::PLAIN, &broken_off()));
}

#[test]
fn html_failing() {
    let text = render(Kind::Html, Page::PLAIN, &failing());
    let (_, body) = text.split_once("<body>").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    // A line for each thing, to read the snapshot by.
    insta::assert_snapshot!(body.replace("><", ">\n<"));
}

#[test]
fn html_is_one_file_that_runs_nothing_of_the_server() {
    let mut events = failing();
    events
        .insert(1, Event::Verdict(Case { observed: Some("<script>alert(1)</script>".into()), ..hostile() }));
    let text = render(Kind::Html, Page::PLAIN, &events);
    assert_eq!(text.matches("<script>").count(), 1, "only our own");
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        let mentions = text.matches(outside).count();
        // The command that runs the same again names the server.
        assert_eq!(mentions, usize::from(outside == "http://"), "{outside}");
    }
}

#[test]
fn what_a_baseline_lists_stands_apart() {
    for kind in [Kind::Human, Kind::Junit, Kind::Markdown] {
        let name = format!("listed_{kind:?}").to_lowercase();
        insta::assert_snapshot!(name, render(kind, Page::PLAIN, &listed()));
    }
}

#[test]
fn plain_pages_hold_no_control_characters() {
    let mut events = failing();
    events.insert(1, Event::Verdict(hostile()));
    for kind in [Kind::Human, Kind::Markdown, Kind::Junit, Kind::Html] {
        let text = render(kind, Page::PLAIN, &events);
        let control = text.chars().find(|char| char.is_control() && *char != '\n');
        assert_eq!(control, None, "{kind:?}");
        assert!(text.contains("␛[2J"), "{kind:?}");
    }
}

#[test]
fn what_is_written_as_json_lines_is_read_again() {
    let events = failing();
    let text = render(Kind::Jsonl, Page::PLAIN, &events);
    let again: Vec<_> = read(text.as_bytes()).collect::<Result<_, _>>().unwrap();
    assert_eq!(again, events);
}

#[test]
fn a_line_that_is_no_event_is_named() {
    let mut out = Vec::new();
    JsonLines::new(&mut out).event(&passing()[0]).unwrap();
    out.extend(b"\n{\"event\":\"nonsense\"}\n");
    let error = read(out.as_slice()).find_map(Result::err).unwrap();
    assert!(
        error.to_string().starts_with("line 3 is not an event of a run: unknown variant `nonsense`"),
        "{error}"
    );
}

#[test]
fn a_report_that_cannot_be_written_is_known_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("junit.xml");
    let spec: Spec = format!("junit={}", path.display()).parse().unwrap();
    let error = Reports::open(&[spec], false).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write report {}: ", path.display())), "{error}");
}

#[test]
fn a_run_that_breaks_still_finishes_its_reports() {
    let out = Shared::default();
    let mut reports = Reports::new(vec![Kind::Junit.reporter(out.clone(), Page::PLAIN)]);
    for event in broken_off() {
        reports.event(&event).unwrap();
    }
    assert_eq!(out.text(), "");
    drop(reports);
    assert!(out.text().ends_with("</testsuites>\n"), "{}", out.text());
}

#[test]
fn a_reader_that_leaves_ends_only_its_own_report() {
    let out = Shared::default();
    let left = Kind::Jsonl.reporter(Left, Page::PLAIN);
    let mut reports = Reports::new(vec![left, Kind::Jsonl.reporter(out.clone(), Page::PLAIN)]);
    for event in passing() {
        reports.event(&event).unwrap();
    }
    reports.finish().unwrap();
    assert_eq!(out.text().lines().count(), passing().len());
}

#[test]
fn an_unknown_kind_or_a_missing_path_is_refused() {
    for (text, complaint) in
        [("junit", "KIND=PATH"), ("pdf=x", "no report is called `pdf`"), ("junit=", "the path is missing")]
    {
        let error = text.parse::<Spec>().unwrap_err();
        assert!(error.contains(complaint), "{error}");
    }
}

fn render(kind: Kind, page: Page, events: &[Event]) -> String {
    let out = Shared::default();
    let mut reporter = kind.reporter(out.clone(), page);
    for event in events {
        reporter.event(event).unwrap();
    }
    reporter.finish().unwrap();
    out.text()
}

/// What is written, kept where a test can look at it.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe whose reader has gone.
struct Left;

impl Write for Left {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn passing() -> Vec<Event> {
    let cases = [
        pass("engine/handshake/open-packet", "polling", 0, 12),
        pass("engine/handshake/open-packet", "websocket", 12, 9),
        pass("delivery/rooms/join", "upgraded", 21, 160),
    ];
    run(&cases, 0, 0.2)
}

fn failing() -> Vec<Event> {
    let cases = [
        pass("engine/handshake/open-packet", "polling", 0, 12),
        pass("engine/handshake/open-packet", "websocket", 12, 9),
        late_poll(),
        pass("engine/upgrade/completes", "upgraded", 1640, 400),
        warned(),
        leaked("polling", 30),
        leaked("websocket", 60),
        crashed(),
        inconclusive(),
        skipped("delivery/sockets/fetch"),
        skipped("delivery/sockets/join"),
    ];
    run(&cases, 1, 6.83)
}

/// A run with a baseline.
fn listed() -> Vec<Event> {
    let reason = Some("reported upstream".to_owned());
    let cases = [
        pass("engine/upgrade/completes", "upgraded", 0, 12),
        Case { known: true, reason: reason.clone(), ..late_poll() },
        Case { stale: true, reason, ..pass("delivery/rooms/leave", "polling", 30, 4) },
    ];
    run(&cases, 5, 1.7)
}

/// The same run, with two groups and the end missing.
fn broken_off() -> Vec<Event> {
    let mut events = failing();
    events.truncate(5);
    events
}

fn run(cases: &[Case], exit: u8, seconds: f64) -> Vec<Event> {
    let mut groups: Vec<Group> = Vec::new();
    let mut counts = Counts::default();
    for case in cases {
        counts += case;
        match groups.iter_mut().find(|group| group.name == case.group()) {
            Some(group) => group.cases += 1,
            None => groups.push(Group { name: case.group().into(), cases: 1 }),
        }
    }
    let start = Start {
        tool: "siospec".into(),
        version: "0.1.0".into(),
        seed: 8113,
        target: Target {
            name: "socket.io".into(),
            version: Some("4.8.4".into()),
            language: Some("JavaScript".into()),
            contract: "delivery".into(),
            features: vec!["rooms".into(), "acks".into()],
        },
        selected: cases.len(),
        rules: 1412,
        not_offered: if exit == 0 { 0 } else { 2 },
        groups,
    };
    let again = (exit != 0).then(|| "siospec test http://127.0.0.1:3000 --seed 8113".into());
    let end = End { counts, seconds, exit, again };
    let mut events = vec![Event::Start(start)];
    events.extend(cases.iter().cloned().map(Event::Verdict));
    events.push(Event::End(end));
    events
}

fn pass(rule: &str, over: &str, at_ms: u64, ms: u64) -> Case {
    Case {
        rule: rule.into(),
        level: "must".into(),
        over: over.into(),
        variant: "default".into(),
        verdict: Outcome::Pass,
        at_ms,
        ms,
        ..Case::default()
    }
}

fn late_poll() -> Case {
    Case {
        says: "A GET that arrives during an upgrade is answered at once with a noop.".into(),
        source: "Engine.IO protocol v4, \"Upgrade\"".into(),
        verdict: Outcome::Fail,
        message: Some("GET #2 was held".into()),
        expected: Some("GET #2 answered with \"6\" within 250 ms (or 400 once upgraded)".into()),
        observed: Some("nothing for 1.5 s, then \"2\"".into()),
        timeline: vec![
            line(0, Way::Sent, "GET #1 polling"),
            line(4, Way::Sent, "WS  open"),
            line(6, Way::Sent, "WS  2probe"),
            line(7, Way::Received, "WS  3probe"),
            line(7, Way::Note, "the probe is answered; the held poll must be released"),
            line(8, Way::Received, "GET #1 200 6"),
            line(9, Way::Sent, "GET #2 polling"),
            Line { guilty: true, ..line(1509, Way::Received, "GET #2 200 2") },
        ],
        users: Some("JavaScript clients stall for one ping interval before they upgrade".into()),
        seen: vec!["python-engineio#160".into(), "go-engine.io#33".into(), "socketioxide#479".into()],
        ..pass("engine/upgrade/late-poll-released", "upgraded", 21, 1612)
    }
}

fn leaked(over: &str, at_ms: u64) -> Case {
    Case {
        level: "docs".into(),
        says: "What is sent to a room is heard by its members, and by nobody else.".into(),
        source: "Socket.IO documentation v4, \"Rooms\"".into(),
        verdict: Outcome::Fail,
        expected: Some("nothing but the fence".into()),
        observed: Some(format!("42[\"news\",\"{}\"]", "x".repeat(70_000))),
        timeline: vec![
            Line { actor: "alice".into(), ..line(0, Way::Sent, "40") },
            Line {
                actor: "bob".into(),
                guilty: true,
                ..line(17, Way::Received, &format!("42[\"news\",\"{}\"]", "x".repeat(70_000)))
            },
        ],
        ..pass("delivery/rooms/members-only", over, at_ms, 25)
    }
}

fn warned() -> Case {
    Case {
        level: "should".into(),
        says: "The answer to a handshake is not cached.".into(),
        source: "observed in socket.io 4.8.4, \"handshake headers\"".into(),
        verdict: Outcome::Warn,
        expected: Some("Cache-Control: no-store".into()),
        observed: Some("no such header".into()),
        ..pass("engine/handshake/not-cached", "polling", 25, 3)
    }
}

fn crashed() -> Case {
    Case {
        says: "A message longer than maxPayload ends the session.".into(),
        source: "Engine.IO protocol v4, \"Handshake\"".into(),
        variant: "limits".into(),
        verdict: Outcome::Crash,
        message: Some("the server ended with signal 11 while the case ran".into()),
        replay: Some("out/engine-websocket-max-payload.siot".into()),
        ..pass("engine/websocket/max-payload-enforced", "websocket", 90, 20)
    }
}

fn inconclusive() -> Case {
    Case {
        verdict: Outcome::Inconclusive,
        message: Some("joining /: wanted a CONNECT answer, got nothing within 2.0 s".into()),
        ..pass("delivery/rooms/leave", "polling", 110, 2000)
    }
}

fn skipped(rule: &str) -> Case {
    Case {
        level: "docs".into(),
        verdict: Outcome::Skipped,
        message: Some("the testee does not offer `sockets`".into()),
        ..pass(rule, "polling", 0, 0)
    }
}

fn hostile() -> Case {
    Case {
        verdict: Outcome::Fail,
        says: "A rule.".into(),
        message: Some("\x1b[2J cleared".into()),
        expected: Some("a\u{1e}b".into()),
        observed: Some("\x1b[2J\u{202e}\r\nabc".into()),
        timeline: vec![line(1, Way::Received, "\x1b[2J")],
        ..pass("engine/handshake/hostile", "polling", 0, 1)
    }
}

fn line(at_ms: u64, way: Way, what: &str) -> Line {
    Line { at_ms, actor: "client".into(), way, what: what.into(), guilty: false }
}
