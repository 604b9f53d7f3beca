//! The processes that an exec has started, wherever it has gone: out of its process group, away from its parents.
//!
//! Each exec gets a limit of file locks of its own, which all that it starts inherits: the soft one while crun
//! is at work, then the hard one too. The kernel has ignored this limit since 2.4.25, so nothing is different
//! in the container. In a cgroup of its own it would be: programs look for their limits in their own group,
//! and these stand in the container's.

use std::collections::HashSet;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Resource, Signal, pidfd_open, pidfd_send_signal};

use super::stat;
use crate::async_fd;
use crate::proto::grpc::{PosixRlimit, Process};

const KIND: &str = "RLIMIT_LOCKS";
/// Above what anybody sets, and exact as a number of JSON.
const FIRST: u64 = 1 << 50;

/// So often new ones are looked for, which others may start until they are killed themselves.
const ROUNDS: usize = 64;

/// Marks a process that is about to be started. None if its caller has another use for the limit, or
/// this machine has; it is known by its process group then.
pub fn mark(process: &mut Process, serial: u64) -> Option<u64> {
    let own = rustix::process::getrlimit(Resource::Locks).maximum;
    let taken = process.rlimits.iter().any(|limit| limit.r#type == KIND);
    if taken || own.is_some() {
        return None;
    }
    // Another agent on the same machine has other marks.
    let agent = u64::from(std::process::id()) << 24;
    let mark = FIRST + agent + serial;
    process.rlimits.push(PosixRlimit {
        r#type: KIND.to_owned(),
        hard: mark,
        soft: mark,
    });
    Some(mark)
}

/// What was killed and may still be ending.
pub struct Killed(Vec<OwnedFd>);

impl Killed {
    /// Ends when all of it has ended.
    pub async fn ended(self) {
        for process in self.0 {
            // A descriptor of a process can be read when that has ended.
            if let Ok(process) = async_fd::watch_reading(process) {
                let _ = process.readable().await;
            }
        }
    }
}

/// Kills every process that has the mark. What was looked at is what is killed: a pid can become
/// another's in between, a descriptor of a process can't.
pub fn kill(mark: u64) -> Killed {
    let mut known = HashSet::new();
    let mut killed = Vec::new();
    for _ in 0..ROUNDS {
        let before = known.len();
        for pid in pids() {
            let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
                continue;
            };
            if has_mark(pid, mark) && known.insert((pid, stat::start_ticks(pid))) {
                let _ = pidfd_send_signal(&process, Signal::KILL);
                killed.push(process);
            }
        }
        if known.len() == before {
            break;
        }
    }
    Killed(killed)
}

fn pids() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

fn has_mark(pid: Pid, mark: u64) -> bool {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    let (id, nothing) = (pid.as_raw_nonzero().get(), std::ptr::null());
    // SAFETY: nothing is set, and the kernel fills what is asked for if it says so.
    unsafe {
        libc::prlimit(id, libc::RLIMIT_LOCKS, nothing, limit.as_mut_ptr()) == 0 && {
            let limit = limit.assume_init();
            limit.rlim_cur == mark || limit.rlim_max == mark
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_the_caller_stays() {
        let mut process = Process::default();
        let own = FIRST + (u64::from(std::process::id()) << 24) + 7;
        assert_eq!(mark(&mut process, 7), Some(own));
        assert_eq!(process.rlimits.len(), 1);
        assert_eq!(mark(&mut process, 8), None);
        assert_eq!(process.rlimits[0].hard, own);
    }
}
