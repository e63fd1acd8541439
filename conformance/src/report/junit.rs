//! JUnit XML: a test suite for each group, a test case for each case.
//!
//! JUnit knows less than a run tells: a broken rule is a failure, a crash or a hang an error, what is skipped,
//! inconclusive or known is skipped with the reason, what is stale is a failure, and a warning passes with a
//! remark.

use std::{
    io::{self, Write},
    time::Duration,
};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{
    Event, Reporter,
    event::{Case, Outcome, Start},
    text::{elide, ends, time, visible},
};

/// Characters of a message; CI systems show it in one line.
const MESSAGE: usize = 200;
/// Characters of one payload.
const PAYLOAD: usize = 2000;

/// Collects the cases, and writes the document when the run is over or has broken off.
#[derive(Debug)]
pub struct Junit<W> {
    out: W,
    suites: Vec<TestSuite>,
    properties: Vec<(&'static str, String)>,
    seconds: Option<f64>,
    written: bool,
}

impl<W: Write> Junit<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, suites: Vec::new(), properties: Vec::new(), seconds: None, written: false }
    }

    fn start(&mut self, start: &Start) {
        self.suites = start.groups.iter().map(|group| TestSuite::new(group.name.as_str())).collect();
        self.properties = vec![
            ("tool", format!("{} {}", start.tool, start.version)),
            ("seed", start.seed.to_string()),
            ("target", visible(&start.target.name).into_owned()),
            ("target.version", visible(start.target.version.as_deref().unwrap_or_default()).into_owned()),
            ("contract", start.target.contract.clone()),
        ];
        self.properties.retain(|(_, value)| !value.is_empty());
    }

    fn case(&mut self, case: &Case) {
        let index =
            self.suites.iter().position(|suite| suite.name.as_str() == case.group()).unwrap_or_else(|| {
                self.suites.push(TestSuite::new(case.group()));
                self.suites.len() - 1
            });
        self.suites[index].add_test_case(test_case(case));
    }

    fn write(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.written, true) {
            return Ok(());
        }
        let mut report = Report::new("siospec");
        if let Some(seconds) = self.seconds {
            report.set_time(Duration::from_secs_f64(seconds.max(0.0)));
        }
        for mut suite in self.suites.drain(..).filter(|suite| !suite.test_cases.is_empty()) {
            for (name, value) in &self.properties {
                suite.add_property((*name, value.as_str()));
            }
            report.add_test_suite(suite);
        }
        report.serialize(&mut self.out).map_err(io::Error::other)?;
        self.out.flush()
    }
}

impl<W: Write + Send> Reporter for Junit<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Start(start) => self.start(start),
            Event::Verdict(case) => self.case(case),
            // Told as a case too.
            Event::Finding(_) => {}
            Event::End(end) => self.seconds = Some(end.seconds),
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write()
    }
}

fn test_case(case: &Case) -> TestCase {
    let mut name = format!("{} over {}", case.rule, case.over);
    if !matches!(case.variant.as_str(), "" | "default") {
        name = format!("{name} ({})", case.variant);
    }
    let mut test = TestCase::new(name, status(case));
    test.set_classname(case.group()).set_time(Duration::from_millis(case.ms));
    if case.verdict == Outcome::Warn {
        test.set_system_out(description(case));
    }
    test
}

fn status(case: &Case) -> TestCaseStatus {
    let kind = match case.verdict {
        _ if case.known => return skipped(case, "known"),
        _ if case.stale => NonSuccessKind::Failure,
        Outcome::Pass | Outcome::Warn => return TestCaseStatus::success(),
        Outcome::Skipped => return skipped(case, "skipped"),
        Outcome::Inconclusive => return skipped(case, "inconclusive"),
        Outcome::Fail => NonSuccessKind::Failure,
        Outcome::Crash | Outcome::Hang => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    let kind = if case.stale { "stale" } else { case.verdict.name() };
    status
        .set_type(format!("{} {kind}", case.level))
        .set_message(summary(case))
        .set_description(description(case));
    status
}

fn skipped(case: &Case, why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(format!("{why}: {}", summary(case)));
    status
}

fn summary(case: &Case) -> String {
    let stale =
        case.reason.as_deref().filter(|_| case.stale).map(|why| format!("passes, but is listed: {why}"));
    let text =
        case.message.as_deref().or(case.observed.as_deref()).or(stale.as_deref()).unwrap_or(&case.says);
    visible(&elide(text, MESSAGE)).into_owned()
}

fn description(case: &Case) -> String {
    let fields = [
        ("rule", Some(case.says.as_str())),
        ("source", Some(case.source.as_str())),
        ("want", case.expected.as_deref()),
        ("got", case.observed.as_deref()),
        ("why", case.message.as_deref()),
        ("listed", case.reason.as_deref()),
    ];
    let mut text = String::new();
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push_str(&format!("{name:6} {}\n", visible(&elide(value, PAYLOAD))));
        }
    }
    for line in &case.timeline {
        let mark = if line.guilty { "▶" } else { " " };
        text.push_str(&format!(
            "{mark} {}  {}  {}\n",
            time(line),
            ends(line),
            visible(&elide(&line.what, PAYLOAD))
        ));
    }
    text
}
