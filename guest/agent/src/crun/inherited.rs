//! What crun has from the agent and hands on to all that it starts. The agent takes it on itself for the moment
//! of crun's start: to be set in the new process it would need a fork, whose copy of the agent's page tables
//! is a tenth of what a whole exec costs.
//!
//! Programs are started on one thread alone, so no other one gets any of it.

use std::fs;
use std::io::Result;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const OOM_SCORE: &str = "/proc/self/oom_score_adj";

pub struct Inherited {
    /// Closed in the agent then. crun has programs that it starts lose it.
    pub descriptor: OwnedFd,
    /// The soft limit of file locks, which the kernel ignores.
    pub mark: Option<u64>,
    /// crun sets it for a container's first process alone.
    pub oom_score: i64,
}

impl Inherited {
    /// Calls `start` while the agent has all of it.
    pub fn during<T>(self, start: impl FnOnce() -> T) -> Result<T> {
        let own = Own {
            oom_score: own_oom_score(),
            locks: getrlimit(Resource::Locks),
        };
        let result = self.take_on(&own).map(|()| start());
        self.give_back(&own)?;
        result
    }

    fn take_on(&self, own: &Own) -> Result<()> {
        if self.oom_score != own.oom_score {
            set_oom_score(self.oom_score)?;
        }
        if let Some(mark) = self.mark {
            let limit = Rlimit {
                current: Some(mark),
                maximum: own.locks.maximum,
            };
            setrlimit(Resource::Locks, limit)?;
        }
        Ok(fcntl_setfd(&self.descriptor, FdFlags::empty())?)
    }

    fn give_back(self, own: &Own) -> Result<()> {
        if self.mark.is_some() {
            setrlimit(Resource::Locks, own.locks)?;
        }
        if self.oom_score != own.oom_score {
            set_oom_score(own.oom_score)?;
        }
        Ok(())
    }
}

struct Own {
    oom_score: i64,
    locks: Rlimit,
}

/// Read once: nothing else changes it.
fn own_oom_score() -> i64 {
    static SCORE: OnceLock<i64> = OnceLock::new();
    let read = || fs::read_to_string(OOM_SCORE).ok()?.trim().parse().ok();
    *SCORE.get_or_init(|| read().unwrap_or_default())
}

fn set_oom_score(score: i64) -> Result<()> {
    fs::write(OOM_SCORE, score.to_string())
}
