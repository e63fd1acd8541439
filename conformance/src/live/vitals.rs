//! What the system says of a process: memory, time on the processor, threads, descriptors.

use std::{fs, time::Duration};

/// What a server takes up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Vitals {
    /// Memory that is in use, bytes.
    pub(super) memory_bytes: u64,
    /// Time on the processor since it began.
    pub(super) cpu: Duration,
    /// Time in which its threads wanted a processor, whether they had one or waited for it; that on the processor where the
    /// system does not say.
    pub(super) wanted: Duration,
    /// Threads.
    pub(super) threads: u64,
    /// Open descriptors.
    pub(super) descriptors: u64,
}

/// The processes of a group.
pub(super) fn group(leader: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| stat(*id).is_some_and(|stat| stat.group == leader)).collect()
}

/// What these processes take up together; nothing where the system does not say.
pub(super) fn of(processes: &[u32]) -> Option<Vitals> {
    let mut sum = None;
    for &id in processes {
        let (Some(stat), Some(memory_bytes)) = (stat(id), memory(id)) else { continue };
        let descriptors = fs::read_dir(format!("/proc/{id}/fd")).map_or(0, |entries| entries.count() as u64);
        let all = sum.get_or_insert(Vitals::default());
        all.memory_bytes += memory_bytes;
        all.cpu += stat.cpu;
        all.wanted += wanted(id).unwrap_or(stat.cpu);
        all.threads += stat.threads;
        all.descriptors += descriptors;
    }
    sum
}

struct Stat {
    group: u32,
    cpu: Duration,
    threads: u64,
}

/// See `proc(5)`, `/proc/[pid]/stat`.
fn stat(id: u32) -> Option<Stat> {
    /// A clock tick of the kernel's interface.
    const TICK: Duration = Duration::from_millis(10);
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program, in parentheses, may hold blanks.
    let fields: Vec<&str> = text.get(text.rfind(')')? + 2..)?.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let ticks = u32::try_from(number(11)? + number(12)?).ok()?;
    Some(Stat { group: u32::try_from(number(2)?).ok()?, cpu: TICK * ticks, threads: number(17)? })
}

/// See `Documentation/scheduler/sched-stats.rst` of the kernel, `/proc/[pid]/schedstat`.
fn wanted(id: u32) -> Option<Duration> {
    let mut all = Duration::ZERO;
    for task in fs::read_dir(format!("/proc/{id}/task")).ok()?.flatten() {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let mut fields = text.split(' ').map(|field| field.parse().ok());
        let (ran, waited): (u64, u64) = (fields.next()??, fields.next()??);
        all += Duration::from_nanos(ran.saturating_add(waited));
    }
    Some(all)
}

fn memory(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
