//! The bars that move while groups run.

use std::{collections::HashMap, fmt, io};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{BAR_CELLS, GroupTally};

/// One bar for every group that has begun and is not over. They leave the screen when this is dropped.
pub(super) struct Bars {
    all: MultiProgress,
    groups: HashMap<String, ProgressBar>,
    style: ProgressStyle,
}

impl Bars {
    pub(super) fn on(term: Term, name_columns: usize) -> Self {
        let template =
            format!("  {{prefix:{name_columns}}}  {{bar:{BAR_CELLS}.dim}}  {{pos}}/{{len}}   {{msg}}");
        let style = ProgressStyle::with_template(&template).expect("the template is well-formed");
        Self {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::term(term, 10)),
            groups: HashMap::new(),
            style: style.progress_chars("█░"),
        }
    }

    /// Shows that a case of the group was judged; a group that is over loses its bar.
    pub(super) fn advance(&mut self, group: &GroupTally) {
        if group.is_over() {
            if let Some(bar) = self.groups.remove(&group.name) {
                bar.finish_and_clear();
                self.all.remove(&bar);
            }
            return;
        }
        let bar = self.groups.entry(group.name.clone()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(group.cases as u64).with_style(self.style.clone()));
            bar.set_prefix(group.name.clone());
            bar
        });
        bar.set_position(group.counts.total() as u64);
        if group.counts.guilty() > 0 {
            bar.set_message(format!("{} fail", group.counts.guilty()));
        }
    }

    /// Writes while the bars are out of the way.
    pub(super) fn beside(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.all.suspend(write)
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in self.groups.values() {
            bar.finish_and_clear();
        }
    }
}

impl fmt::Debug for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bars").field("groups", &self.groups.len()).finish_non_exhaustive()
    }
}
