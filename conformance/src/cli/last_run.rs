//! The record of the last run in a folder, for `--failed` and for updates of a baseline.
//!
//! It is kept with the user's caches, not in the folder. Where it cannot be written, nothing is lost but these.

use std::{
    collections::hash_map::DefaultHasher,
    env,
    fs::{self, File},
    hash::{Hash, Hasher},
    io::{self, BufReader, BufWriter},
    path::{Path, PathBuf},
};

use super::Failure;
use crate::report::{Event, JsonLines, Reporter, read as read_events};

/// A run being recorded; it takes the place of the one before when it is finished, whole or broken off.
struct Recorder {
    lines: JsonLines<BufWriter<File>>,
    draft: PathBuf,
    path: PathBuf,
}

/// Records a run, if there is a place for it.
pub(super) fn writer() -> Option<Box<dyn Reporter>> {
    let path = path()?;
    fs::create_dir_all(path.parent()?).ok()?;
    // Several runs may be going on in one folder.
    let draft = path.with_extension(format!("{}.part", std::process::id()));
    let file = File::create(&draft).ok()?;
    Some(Box::new(Recorder { lines: JsonLines::new(BufWriter::new(file)), draft, path }))
}

/// The events of the last run in this folder.
///
/// # Errors
/// There was none, or its record cannot be read.
pub(super) fn read() -> Result<Vec<Event>, Failure> {
    let none = || Failure::usage("no run is on record for this folder; run `siospec test` here first");
    read_from(&path().filter(|path| path.exists()).ok_or_else(none)?)
}

/// The events of a recorded run.
///
/// # Errors
/// The file cannot be read, or is no record of a run.
pub(super) fn read_from(path: &Path) -> Result<Vec<Event>, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot read the recorded run {}: {why}", path.display()))
    };
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    read_events(BufReader::new(file)).collect::<Result<_, _>>().map_err(|error| unreadable(&error))
}

fn path() -> Option<PathBuf> {
    let caches = match env::var_os("SIOSPEC_CACHE_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => dirs::cache_dir()?.join("siospec"),
    };
    let mut hasher = DefaultHasher::new();
    env::current_dir().ok()?.hash(&mut hasher);
    Some(caches.join(format!("last-run-{:016x}.jsonl", hasher.finish())))
}

impl Reporter for Recorder {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        // A full disk is no reason to break a run off.
        let _lost = self.lines.event(event);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.lines.finish().and_then(|()| fs::rename(&self.draft, &self.path)).is_err() {
            let _gone = fs::remove_file(&self.draft);
        }
        Ok(())
    }
}
