//! What a run amounts to so far: counts by group, and the cases worth telling.

use super::{
    event::{Case, Counts, Group, Outcome, Start},
    text::alike,
};

/// Everything a report says about a run besides its head and its end.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The groups, in the order of reports.
    pub(super) groups: Vec<GroupTally>,
    /// The cases that did not simply pass, those that tell the same folded into one.
    pub(super) stories: Vec<Story>,
    /// Why cases were skipped, and how many for each reason.
    pub(super) skips: Vec<(String, usize)>,
}

/// A group so far.
#[derive(Debug)]
pub(super) struct GroupTally {
    pub(super) name: String,
    /// How many cases are to come in all.
    pub(super) cases: usize,
    pub(super) counts: Counts,
    began_ms: u64,
    ended_ms: u64,
}

/// A case, with the others of the same rule that told the same.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) case: Case,
    /// The transports it was told over.
    pub(super) over: Vec<String>,
    /// How many cases told it.
    pub(super) times: usize,
}

impl Tally {
    /// Nothing yet.
    pub(super) fn of(start: &Start) -> Self {
        let groups = start.groups.iter().map(GroupTally::new).collect();
        Self { groups, ..Self::default() }
    }

    /// Counts a case; says which group it belongs to.
    pub(super) fn add(&mut self, case: &Case) -> &GroupTally {
        match case.verdict {
            Outcome::Pass if !case.stale => {}
            Outcome::Skipped => self.skip(case.message.as_deref().unwrap_or("no reason given")),
            _ => self.tell(case),
        }
        let known = self.groups.iter().position(|group| group.name == case.group());
        let index = known.unwrap_or_else(|| {
            // A recording may be cut at its head.
            self.groups.push(GroupTally::new(&Group { name: case.group().into(), cases: 0 }));
            self.groups.len() - 1
        });
        let group = &mut self.groups[index];
        group.add(case);
        group
    }

    /// All groups together.
    pub(super) fn counts(&self) -> Counts {
        self.groups.iter().map(|group| group.counts).sum()
    }

    /// The stories of cases with one of these outcomes that were not expected, sorted by rule.
    pub(super) fn stories(&self, wanted: fn(Outcome) -> bool) -> Vec<&Story> {
        self.sorted(|case| !case.known && !case.stale && wanted(case.verdict))
    }

    /// The stories of cases that failed as expected, sorted by rule.
    pub(super) fn known(&self) -> Vec<&Story> {
        self.sorted(|case| case.known)
    }

    /// The stories of cases that passed though a failure was expected, sorted by rule.
    pub(super) fn stale(&self) -> Vec<&Story> {
        self.sorted(|case| case.stale)
    }

    fn sorted(&self, wanted: impl Fn(&Case) -> bool) -> Vec<&Story> {
        let mut stories: Vec<_> = self.stories.iter().filter(|story| wanted(&story.case)).collect();
        stories.sort_by(|a, b| self.place(&a.case).cmp(&self.place(&b.case)));
        stories
    }

    fn place<'a>(&self, case: &'a Case) -> (Option<usize>, &'a str) {
        (self.groups.iter().position(|group| group.name == case.group()), &case.rule)
    }

    fn tell(&mut self, case: &Case) {
        let same = self.stories.iter_mut().find(|story| story.tells_the_same_as(case));
        match same {
            Some(story) => {
                story.times += 1;
                if !story.over.contains(&case.over) {
                    story.over.push(case.over.clone());
                    story.over.sort_by_key(|over| place_of(over));
                }
            }
            None => {
                self.stories.push(Story { case: case.clone(), over: vec![case.over.clone()], times: 1 });
            }
        }
    }

    fn skip(&mut self, reason: &str) {
        match self.skips.iter_mut().find(|(known, _)| known == reason) {
            Some((_, times)) => *times += 1,
            None => self.skips.push((reason.into(), 1)),
        }
    }
}

impl GroupTally {
    fn new(group: &Group) -> Self {
        Self {
            name: group.name.clone(),
            cases: group.cases,
            counts: Counts::default(),
            began_ms: u64::MAX,
            ended_ms: 0,
        }
    }

    /// Whether all its cases are judged.
    pub(super) fn is_over(&self) -> bool {
        self.counts.total() >= self.cases
    }

    /// From the beginning of its first case to the end of its last.
    pub(super) fn seconds(&self) -> f64 {
        // Milliseconds of a run fit into a float's 53 bits.
        self.ended_ms.saturating_sub(self.began_ms) as f64 / 1000.0
    }

    fn add(&mut self, case: &Case) {
        self.counts += case;
        if case.verdict != Outcome::Skipped {
            self.began_ms = self.began_ms.min(case.at_ms);
            self.ended_ms = self.ended_ms.max(case.at_ms + case.ms);
        }
    }
}

impl Story {
    /// Whether the case is of the same rule and says the same, except for ids and numbers.
    fn tells_the_same_as(&self, case: &Case) -> bool {
        let own = &self.case;
        (&own.rule, own.verdict, &own.variant, own.known, &own.reason)
            == (&case.rule, case.verdict, &case.variant, case.known, &case.reason)
            && alike_or_none(&own.message, &case.message)
            && alike_or_none(&own.expected, &case.expected)
            && alike_or_none(&own.observed, &case.observed)
    }

    /// `must · over polling, polling → websocket · limits`
    pub(super) fn circumstances(&self) -> String {
        let over: Vec<_> = self.over.iter().map(|over| transports(over)).collect();
        let mut text = format!("{} · over {}", self.case.level, over.join(", "));
        if !matches!(self.case.variant.as_str(), "" | "default") {
            text = format!("{text} · {}", self.case.variant);
        }
        if self.times > self.over.len() {
            text = format!("{text} · {} times", self.times);
        }
        if self.case.known {
            text.push_str(" · known");
        }
        if self.case.stale {
            text.push_str(" · stale");
        }
        text
    }
}

fn alike_or_none(one: &Option<String>, other: &Option<String>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => alike(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// Where a transport stands among the others; cases end in any order.
fn place_of(over: &str) -> usize {
    ["polling", "websocket", "upgraded"].iter().position(|known| *known == over).unwrap_or(usize::MAX)
}

fn transports(over: &str) -> &str {
    match over {
        "upgraded" => "polling → websocket",
        other => other,
    }
}
