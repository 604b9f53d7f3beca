//! Collects all children, the agent's own and the orphans that the kernel gives to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Result;
use std::rc::Rc;

use rustix::process::{WaitOptions, WaitStatus};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

#[derive(Default)]
pub struct Reaper {
    watched: RefCell<BTreeMap<u32, oneshot::Sender<i32>>>,
    /// Ends of processes nobody watched yet, kept while some process's id is still to be learnt.
    early: RefCell<BTreeMap<u32, i32>>,
    births: Cell<usize>,
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

    /// Whether the end of a process was collected that nobody watches yet.
    pub fn has_ended(&self, pid: u32) -> bool {
        self.early.borrow().contains_key(&pid)
    }

    /// The end of a child: its exit code, or 128 + the signal's number.
    pub fn watch(&self, pid: u32) -> oneshot::Receiver<i32> {
        let (sender, receiver) = oneshot::channel();
        match self.early.borrow_mut().remove(&pid) {
            Some(status) => drop(sender.send(status)),
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
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            let Some(status) = code(status) else {
                continue;
            };
            let pid = pid.as_raw_nonzero().get().cast_unsigned();
            match self.watched.borrow_mut().remove(&pid) {
                Some(watcher) => drop(watcher.send(status)),
                None if self.births.get() > 0 => {
                    self.early.borrow_mut().insert(pid, status);
                }
                None => {}
            }
        }
    }
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
            assert_eq!(reaper.watch(fast).await, Ok(137));
            assert_eq!(slow.await, Ok(7));
            run("exit 0");
            drop(birth);
            assert!(reaper.early.borrow().is_empty());
        });
    }
}
