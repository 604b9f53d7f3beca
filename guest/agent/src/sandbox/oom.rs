//! Watches containers for want of memory.

use std::cell::Cell;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use super::container::Container;
use crate::cgroup::oom::OomEvents;
use crate::cgroup::read::table;
use crate::output_log::{OutputLog, record};
use crate::transport::poller::Poller;
use crate::ttrpc::body::Body;

/// Where it is told.
#[derive(Clone)]
pub struct Watch {
    pub poller: Rc<Poller>,
    pub events: Rc<OomEvents>,
    pub log: Rc<OutputLog>,
}

impl Watch {
    /// Watches a container for as long as it exists.
    pub fn start(self, container: &Rc<Container>) {
        if let Some(folder) = container.cgroup.clone() {
            tokio::task::spawn_local(self.run(Rc::downgrade(container), folder));
        }
    }

    async fn run(self, container: Weak<Container>, folder: PathBuf) {
        let Ok(file) = File::open(folder.join("memory.events")) else {
            return;
        };
        let Ok(events) = self.poller.add(OwnedFd::from(file)) else {
            return;
        };
        let mut known = 0;
        let telling = Rc::new(Cell::new(false));
        while let Some(container) = container.upgrade() {
            let killed = table(&folder, "memory.events").get("oom_kill").copied();
            if killed.unwrap_or(0) > known {
                self.events.push(&container.id);
                tell_log(&self.log, &container.id, &telling);
            }
            known = killed.unwrap_or(known);
            let gone = container.life.gone.clone();
            drop(container);
            tokio::select! {
                () = events.readable.notified() => {}
                () = gone.wait() => return,
            }
        }
    }
}

/// Writes a record without waiting for the log, unless one of this container is still to be taken.
fn tell_log(log: &Rc<OutputLog>, id: &str, telling: &Rc<Cell<bool>>) {
    if telling.replace(true) {
        return;
    }
    let record = record::head(record::OOM, id, "", 0);
    let (log, telling) = (log.clone(), telling.clone());
    tokio::task::spawn_local(async move {
        log.write(Body::raw(&record)).await;
        telling.set(false);
    });
}
