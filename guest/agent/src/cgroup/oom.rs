//! Containers that ran out of memory.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use tokio::sync::Notify;

use super::read::table;
use crate::agent::Agent;
use crate::process::record;
use crate::sandbox::container::Container;
use crate::ttrpc::body::Body;

/// Events that nobody asks for are kept up to this number; the oldest go first.
const KEPT: usize = 256;

#[derive(Default)]
pub struct OomEvents {
    queue: RefCell<VecDeque<String>>,
    happened: Notify,
}

impl OomEvents {
    /// The id of the next container in which the kernel has killed for want of memory.
    pub async fn next(&self) -> String {
        loop {
            let happened = self.happened.notified();
            if let Some(id) = self.queue.borrow_mut().pop_front() {
                return id;
            }
            happened.await;
        }
    }

    fn push(&self, id: &str) {
        let mut queue = self.queue.borrow_mut();
        if queue.len() == KEPT {
            queue.pop_front();
        }
        queue.push_back(id.to_owned());
        self.happened.notify_waiters();
    }
}

/// Watches a container for as long as it exists.
pub fn watch(agent: &Rc<Agent>, container: &Rc<Container>) {
    let Some(folder) = container.cgroup.clone() else {
        return;
    };
    let watcher = run(agent.clone(), Rc::downgrade(container), folder);
    tokio::task::spawn_local(watcher);
}

async fn run(agent: Rc<Agent>, container: Weak<Container>, folder: PathBuf) {
    let Ok(file) = File::open(folder.join("memory.events")) else {
        return;
    };
    let Ok(events) = agent.poller.add(OwnedFd::from(file)) else {
        return;
    };
    let mut known = 0;
    let telling = Rc::new(Cell::new(false));
    while let Some(container) = container.upgrade() {
        let killed = table(&folder, "memory.events").get("oom_kill").copied();
        if killed.unwrap_or(0) > known {
            agent.oom.push(&container.id);
            tell_log(&agent, &container.id, &telling);
        }
        known = killed.unwrap_or(known);
        let gone = container.gone.clone();
        drop(container);
        tokio::select! {
            () = events.readable.notified() => {}
            () = gone.wait() => return,
        }
    }
}

/// Writes a record without waiting for the log, unless one of this container is still to be taken.
fn tell_log(agent: &Rc<Agent>, id: &str, telling: &Rc<Cell<bool>>) {
    if telling.replace(true) {
        return;
    }
    let record = record::head(record::OOM, id, "", 0);
    let (agent, telling) = (agent.clone(), telling.clone());
    tokio::task::spawn_local(async move {
        agent.log_port.write(Body::raw(&record)).await;
        telling.set(false);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_events_up_to_a_number() {
        let events = OomEvents::default();
        for n in 0..KEPT + 1 {
            events.push(&n.to_string());
        }
        assert_eq!(events.queue.borrow().len(), KEPT);
        assert_eq!(events.queue.borrow().front().map(String::as_str), Some("1"));
    }
}
