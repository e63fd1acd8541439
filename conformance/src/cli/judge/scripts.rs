//! The transcripts of a run's failures, as files that can be played again.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::super::Failure;
use crate::{
    replay::Writer,
    run::Outcome,
    siot::Script,
    target::{Approach, Target},
    verdict::Verdict,
};

/// The folder, and what was written to it so far.
pub(super) struct Scripts {
    folder: PathBuf,
    writer: Writer,
    seed: u64,
    names: BTreeSet<String>,
    written: Vec<(PathBuf, Script, bool)>,
}

impl Scripts {
    /// The transcripts of a run, in this folder.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(super) fn open(folder: &Path, timeout_scale: f64, seed: u64) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::usage(format!("cannot make the folder {}: {error}", folder.display()))
        })?;
        let (names, written) = (BTreeSet::new(), Vec::new());
        Ok(Self { folder: folder.to_owned(), writer: Writer::new(timeout_scale), seed, names, written })
    }

    /// Writes the transcript of a case that went wrong; gives its path.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) async fn add(&mut self, outcome: &Outcome) -> Result<Option<String>, Failure> {
        let dies = matches!(outcome.verdict, Verdict::Crash(_) | Verdict::Hang(_));
        if !dies && !matches!(outcome.verdict, Verdict::Fail(_) | Verdict::Warn(_)) {
            return Ok(None);
        }
        let stem = format!("{}.{}", outcome.case.scenario.rule.id.replace('/', "-"), outcome.case.over);
        let names = (1..).map(|number| match number {
            1 => stem.clone(),
            _ => format!("{stem}.{number}"),
        });
        let name = names.into_iter().find(|name| self.names.insert(name.clone())).unwrap_or(stem);
        let path = self.folder.join(format!("{name}.siot"));
        let script = self.writer.write(outcome, self.seed).await;
        save(&path, &script)?;
        let shown = path.display().to_string();
        self.written.push((path, script, dies));
        Ok(Some(shown))
    }

    /// Plays each transcript once before the server that was judged; those that do not fail again are marked.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(super) async fn confirm(self, target: &Target, approach: &Approach) -> Result<(), Failure> {
        for (path, mut script, dies) in self.written {
            // A server that is not ours to start again is not killed twice.
            if dies && !target.has_variants() {
                continue;
            }
            let before = script.clone();
            let started = self.writer.confirm(&mut script, target, approach).await;
            if started.is_ok() && script != before {
                save(&path, &script)?;
            }
        }
        Ok(())
    }
}

fn save(path: &Path, script: &Script) -> Result<(), Failure> {
    fs::write(path, script.to_string())
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))
}
