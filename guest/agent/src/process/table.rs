//! All processes in a container, as /proc shows them. What a process says of itself (its name, its
//! arguments) is its own choice.

use std::fs;
use std::path::Path;

use prost::Message;

use super::proc_dir::ProcDir;
use super::stat::{self, Stat};
use crate::proto::virtcontainers::ProcessRow;

/// Of a process's arguments, no more is read.
const MAX_ARGS: u64 = 4 << 10;
/// No more processes are told.
pub const MAX_ROWS: usize = 32_768;
/// An answer has room for so many bytes of rows; clients take frames of 4 MiB.
const MAX_BYTES: usize = 3 << 20;
/// Of these so many for arguments, so that they leave room for other processes.
const MAX_ARGS_BYTES: usize = 1 << 20;
/// What a row or an argument takes beside itself.
const HEAD: usize = 8;
/// Groups below the container's own, which it may make itself.
const MAX_DEPTH: usize = 8;

/// The ids of the processes in a group and in those below it.
pub fn members(cgroup: &Path) -> Vec<u32> {
    let mut pids = Vec::new();
    collect(cgroup, MAX_DEPTH, &mut pids);
    pids.sort_unstable();
    pids.dedup();
    pids
}

fn collect(cgroup: &Path, depth: usize, pids: &mut Vec<u32>) {
    let text = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    // 0 stands for what isn't in our pid namespace.
    let found = text.lines().filter_map(|line| line.parse::<u32>().ok());
    pids.extend(found.filter(|pid| *pid != 0));
    pids.truncate(MAX_ROWS);
    if depth == 0 {
        return;
    }
    for entry in fs::read_dir(cgroup).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) && pids.len() < MAX_ROWS {
            collect(&entry.path(), depth - 1, pids);
        }
    }
}

/// Leaves out arguments, and then processes, for which an answer has no room.
pub fn fit(rows: &mut Vec<ProcessRow>) {
    let (mut left, mut left_for_args) = (MAX_BYTES, MAX_ARGS_BYTES);
    let mut told = 0;
    for row in rows.iter_mut() {
        let args: usize = row.args.iter().map(|arg| arg.len() + HEAD).sum();
        match left_for_args.checked_sub(args) {
            Some(rest) => left_for_args = rest,
            None => row.args.clear(),
        }
        match left.checked_sub(row.encoded_len() + HEAD) {
            Some(rest) => left = rest,
            None => break,
        }
        told += 1;
    }
    rows.truncate(told);
}

/// The processes given and all that descend from them, where there are no groups to ask.
pub fn descendants(roots: &[u32]) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parents: Vec<(u32, u32)> = pids
        .filter_map(|pid: u32| Some((pid, Stat::of(pid)?.ppid)))
        .collect();
    let mut found: Vec<u32> = roots.to_vec();
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        let children = parents.iter().filter(|(_, ppid)| *ppid == parent);
        let fresh: Vec<u32> = children.map(|(pid, _)| *pid).collect();
        found.extend(fresh.iter().filter(|pid| !roots.contains(pid)));
        found.truncate(MAX_ROWS);
        at += 1;
    }
    found.sort_unstable();
    found.dedup();
    found.retain(|pid| parents.iter().any(|(known, _)| known == pid));
    found
}

/// A process, but for the name of its user; none if it is gone, or if another has its id now, which is
/// not in the group.
pub fn row(pid: u32, group: Option<&str>, boot_s: u64) -> Option<ProcessRow> {
    let folder = ProcDir::open(pid).ok()?;
    let text = |name: &str| folder.text(name, stat::LONGEST).ok();
    if group.is_some_and(|group| !text("cgroup").is_some_and(|known| is_in(&known, group))) {
        return None;
    }
    let stat = Stat::parse(&text("stat")?)?;
    let status = text("status")?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    let first = |text: &str| text.split_whitespace().next()?.parse().ok();
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    Some(ProcessRow {
        pid,
        ns_pid: field("NSpid:")
            .and_then(|text| text.split_whitespace().next_back()?.parse().ok())
            .unwrap_or(pid),
        ppid: stat.ppid,
        uid: field("Uid:").and_then(first).unwrap_or(0),
        user: String::new(),
        tty: terminal(stat.tty),
        state: stat.state,
        start_time_s: boot_s + stat.start / ticks,
        cpu_ms: stat.cpu.saturating_mul(1000) / ticks,
        rss_kib: stat.rss_pages * (rustix::param::page_size() as u64 >> 10),
        vsz_kib: stat.vsize >> 10,
        threads: stat.threads,
        comm: stat.comm,
        args: arguments(&folder),
    })
}

/// A terminal's name from the number in /proc/PID/stat: the device's, in 32 bits.
fn terminal(number: u64) -> String {
    let (major, minor) = (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xfff00);
    match major {
        0 => String::new(),
        136..=143 => format!("pts/{}", (major - 136) * 256 + minor),
        4 if minor >= 64 => format!("ttyS{}", minor - 64),
        4 => format!("tty{minor}"),
        5 if minor == 1 => "console".to_owned(),
        229 => format!("hvc{minor}"),
        _ => format!("{major}:{minor}"),
    }
}

fn arguments(folder: &ProcDir) -> Vec<String> {
    let bytes = folder.bytes("cmdline", MAX_ARGS).unwrap_or_default();
    if bytes.is_empty() {
        return Vec::new();
    }
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    let words = bytes.split(|byte| *byte == 0);
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// Whether a process's file `cgroup` names the group or one below it.
fn is_in(text: &str, group: &str) -> bool {
    let mut paths = text.lines().filter_map(|line| line.strip_prefix("0::"));
    paths.any(|path| {
        let below = path.strip_prefix(group);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_itself() {
        let row = row(std::process::id(), None, 1000).unwrap();
        assert_eq!((row.pid, row.ns_pid), (std::process::id(), row.ns_pid));
        assert!(row.start_time_s > 1000 && row.rss_kib > 0 && row.vsz_kib > row.rss_kib);
        assert!(row.threads >= 1 && !row.args.is_empty());
        assert!(descendants(&[row.ppid]).contains(&row.pid));
        assert_eq!(super::row(row.pid, Some("/no/such/group"), 1000), None);
    }

    #[test]
    fn an_answer_is_never_longer_than_a_frame() {
        let row = |args: &[String]| ProcessRow {
            user: "u".repeat(256),
            args: args.to_vec(),
            ..ProcessRow::default()
        };
        let long = vec![row(&["a".repeat(4096)]); 2000];
        let mut rows = long.clone();
        fit(&mut rows);
        assert_eq!(rows.len(), long.len());
        assert!(!rows[0].args.is_empty() && rows[1999].args.is_empty());
        assert!(rows.iter().map(Message::encoded_len).sum::<usize>() < MAX_BYTES);

        let mut many = vec![row(&[]); MAX_ROWS];
        fit(&mut many);
        assert!(many.len() > 10_000 && many.len() < MAX_ROWS);
    }

    #[test]
    fn a_process_of_another_group_is_told_apart() {
        assert!(is_in("0::/virtc/c1\n", "/virtc/c1"));
        assert!(is_in("1:cpu:/\n0::/virtc/c1/sub\n", "/virtc/c1"));
        for text in ["", "0::/\n", "0::/virtc/c10\n", "1:cpu:/virtc/c1\n"] {
            assert!(!is_in(text, "/virtc/c1"), "{text}");
        }
    }

    #[test]
    fn names_terminals() {
        assert_eq!(terminal(0), "");
        assert_eq!(terminal(0x0441), "ttyS1");
        assert_eq!(terminal(0x0501), "console");
        assert_eq!(terminal(0x8900), "pts/256");
    }

    #[test]
    fn members_of_groups_below_count() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        fs::write(folder.path().join("cgroup.procs"), "9\n3\n").unwrap();
        fs::write(below.join("cgroup.procs"), "0\n5\n").unwrap();
        assert_eq!(members(folder.path()), [3, 5, 9]);
    }
}
