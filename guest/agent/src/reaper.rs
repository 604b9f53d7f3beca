//! Collects all children, the agent's own and the orphans that the kernel gives to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Result;
use std::rc::Rc;

use rustix::process::{Pid, WaitOptions, WaitStatus};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

#[derive(Default)]
pub struct Reaper {
    watched: RefCell<BTreeMap<u32, oneshot::Sender<End>>>,
    /// Ends of processes nobody watched yet, kept while some process's id is still to be learnt.
    early: RefCell<BTreeMap<u32, End>>,
    births: Cell<usize>,
}

/// The end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The exit code, or 128 + the signal's number.
    pub status: i32,
    /// Whether it had become a program since it was forked.
    pub executed: bool,
}

/// While it lives, no end of an unknown process is forgotten.
pub struct Birth(Rc<Reaper>);

impl Drop for Birth {
    fn drop(&mut self) {
        self.0.births.set(self.0.births.get() - 1);
        if self.0.births.get() == 0 {
            self.0.early.borrow_mut().clear();
        }
    }
}

impl Reaper {
    pub fn start() -> Result<Rc<Reaper>> {
        let reaper = Rc::new(Reaper::default());
        let children = signal(SignalKind::child())?;
        tokio::task::spawn_local(reaper.clone().run(children));
        Ok(reaper)
    }

    pub fn birth(self: &Rc<Self>) -> Birth {
        self.births.set(self.births.get() + 1);
        Birth(self.clone())
    }

    /// The end of a process that nobody watches yet, if it was collected.
    pub fn ended(&self, pid: u32) -> Option<End> {
        self.early.borrow().get(&pid).copied()
    }

    /// Whether a child has become a program since it was forked; nobody may watch it yet.
    pub fn has_executed(&self, pid: u32) -> bool {
        let unknown = || Pid::from_raw(pid.cast_signed()).is_none_or(has_executed);
        self.ended(pid).map_or_else(unknown, |end| end.executed)
    }

    /// The end of a child.
    pub fn watch(&self, pid: u32) -> oneshot::Receiver<End> {
        let (sender, receiver) = oneshot::channel();
        match self.early.borrow_mut().remove(&pid) {
            Some(end) => drop(sender.send(end)),
            None => drop(self.watched.borrow_mut().insert(pid, sender)),
        }
        receiver
    }

    async fn run(self: Rc<Self>, mut children: Signal) {
        while children.recv().await.is_some() {
            self.collect();
        }
    }

    fn collect(&self) {
        while let Some((pid, ended_well)) = ended_child() {
            // What is not collected yet can be looked at. What became no program never ends well.
            let executed = ended_well || has_executed(pid);
            let Ok(Some((_, status))) = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG)
            else {
                return;
            };
            let Some(status) = code(status) else {
                continue;
            };
            let end = End { status, executed };
            let pid = pid.as_raw_nonzero().get().cast_unsigned();
            match self.watched.borrow_mut().remove(&pid) {
                Some(watcher) => drop(watcher.send(end)),
                None if self.births.get() > 0 => {
                    self.early.borrow_mut().insert(pid, end);
                }
                None => {}
            }
        }
    }
}

/// A child whose end is to be collected, and whether it has ended with exit code 0.
fn ended_child() -> Option<(Pid, bool)> {
    // SAFETY: siginfo_t is plain data, for which all zeros is a value.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: the place is valid; where there is none to tell of, the kernel leaves its pid at 0.
    let (done, pid, status) = unsafe {
        let done = libc::waitid(libc::P_ALL, 0, &raw mut info, flags);
        (done, info.si_pid(), info.si_status())
    };
    let pid = (done == 0).then(|| Pid::from_raw(pid)).flatten()?;
    Some((pid, info.si_code == libc::CLD_EXITED && status == 0))
}

/// Whether a child has become a program since it was forked: the kernel keeps the flag PF_FORKNOEXEC
/// of linux/sched.h until then.
fn has_executed(pid: Pid) -> bool {
    const FORKED_ONLY: u64 = 0x40;
    let stat = std::fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat);
    // The name, which may have anything in it, ends with the last parenthesis.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let flags = rest
        .split_whitespace()
        .nth(6)
        .and_then(|text| text.parse().ok());
    flags.is_none_or(|flags: u64| flags & FORKED_ONLY == 0)
}

fn code(status: WaitStatus) -> Option<i32> {
    status
        .exit_status()
        .or_else(|| status.terminating_signal().map(|signal| 128 + signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test for all: there is one SIGCHLD and one set of children in a process.
    #[test]
    fn tells_the_ends_of_children() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async {
            let reaper = Reaper::start().unwrap();
            let birth = reaper.birth();
            let run = |script: &str| {
                let child = std::process::Command::new("/bin/sh")
                    .args(["-c", script])
                    .spawn();
                child.unwrap().id()
            };
            let slow = reaper.watch(run("sleep 0.2; exit 7"));
            let fast = run("kill -9 $$");
            while !reaper.early.borrow().contains_key(&fast) {
                tokio::task::yield_now().await;
            }
            let end = |status| End {
                status,
                executed: true,
            };
            assert_eq!(reaper.watch(fast).await, Ok(end(137)));
            assert_eq!(slow.await, Ok(end(7)));
            run("exit 0");
            drop(birth);
            assert!(reaper.early.borrow().is_empty());
        });
    }
}
