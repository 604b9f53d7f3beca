//! Who looks for changes of a container's files.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::async_fd::{self, AsyncFd};
use crate::files::watch::Watch;
use crate::latch::Latch;
use crate::status::{Code, Context, Result, Status};

/// Of one container; the kernel has room for some more.
const MOST: usize = 32;
/// A watch that nobody has asked for so long, when it is looked at once in this time, is nobody's any more.
const IDLE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Watches(RefCell<HashMap<String, Rc<Open>>>);

pub struct Open {
    pub watch: Arc<Mutex<Watch>>,
    pub readable: AsyncFd,
    pub closed: Latch,
    reading: Cell<bool>,
    /// How often it was asked.
    asked: Cell<u64>,
}

impl Watches {
    pub fn check(&self, id: &str) -> Result<()> {
        if id.is_empty() || id.len() > 64 {
            return Err(Status::invalid("watch_id: must have 1 to 64 bytes"));
        }
        let open = self.0.borrow();
        if open.contains_key(id) {
            let message = format!("watch {id} is there already");
            return Err(Status::new(Code::AlreadyExists, message));
        }
        if open.len() >= MOST {
            let message = format!("the container has {MOST} watches already");
            return Err(Status::new(Code::ResourceExhausted, message));
        }
        Ok(())
    }

    pub fn add(self: &Rc<Self>, id: &str, watch: Watch) -> Result<()> {
        self.check(id)?;
        let readable = async_fd::watch_reading(watch.readable()?).context(|| "watch")?;
        let open = Rc::new(Open {
            watch: Arc::new(Mutex::new(watch)),
            readable,
            closed: Latch::default(),
            reading: Cell::new(false),
            asked: Cell::new(0),
        });
        self.forget_when_idle(id, &open);
        self.0.borrow_mut().insert(id.to_owned(), open);
        Ok(())
    }

    pub fn close(&self, id: &str) {
        if let Some(open) = self.0.borrow_mut().remove(id) {
            open.closed.set();
        }
    }

    /// For who reads it, alone. Who is called off in the middle of it has left: then it is closed.
    pub fn read(self: &Rc<Self>, id: &str) -> Result<Reading> {
        let found = self.0.borrow().get(id).cloned();
        let open = found.ok_or_else(|| Status::not_found(format!("there is no watch {id}")))?;
        if open.reading.replace(true) {
            let message = format!("watch {id} is being read already");
            return Err(Status::precondition(message));
        }
        open.asked.set(open.asked.get() + 1);
        Ok(Reading {
            watches: self.clone(),
            id: id.to_owned(),
            open,
            kept: false,
        })
    }

    /// One task for each watch, for as long as it is open.
    fn forget_when_idle(self: &Rc<Self>, id: &str, open: &Rc<Open>) {
        let (watches, open) = (Rc::downgrade(self), Rc::downgrade(open));
        let id = id.to_owned();
        tokio::task::spawn_local(async move {
            let mut before = 0;
            loop {
                tokio::time::sleep(IDLE).await;
                let (Some(watches), Some(open)) = (watches.upgrade(), open.upgrade()) else {
                    return;
                };
                let asked = open.asked.get();
                if asked == before && !open.reading.get() {
                    return watches.close(&id);
                }
                before = asked;
            }
        });
    }
}

pub struct Reading {
    watches: Rc<Watches>,
    id: String,
    pub open: Rc<Open>,
    kept: bool,
}

impl Reading {
    /// It is asked again.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.open.reading.set(false);
        if !self.kept {
            self.watches.close(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use super::*;
    use crate::files::root::Root;

    /// In a time that passes as soon as nobody works.
    fn run(work: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, work);
    }

    fn open(watches: &Rc<Watches>, id: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let watch = Watch::open(&Root::at(folder.path()).unwrap(), "/", true).unwrap();
        watches.add(id, watch).unwrap();
        folder
    }

    fn is_open(watches: &Watches, id: &str) -> bool {
        watches.0.borrow().contains_key(id)
    }

    #[test]
    fn what_nobody_asks_for_is_closed_and_what_is_asked_for_stays() {
        run(async {
            let watches = Rc::<Watches>::default();
            let _folders = ["idle", "asked", "waiting"].map(|id| open(&watches, id));
            let waiting = watches.read("waiting").unwrap();
            for _ in 0..5 {
                watches.read("asked").unwrap().keep();
                tokio::time::sleep(IDLE - Duration::from_secs(1)).await;
            }
            assert!(!is_open(&watches, "idle"));
            assert!(is_open(&watches, "asked") && is_open(&watches, "waiting"));
            waiting.keep();
            tokio::time::sleep(IDLE * 3).await;
            assert!(watches.0.borrow().is_empty());
        });
    }

    #[test]
    fn who_leaves_while_it_reads_leaves_nothing() {
        run(async {
            let watches = Rc::<Watches>::default();
            let _folder = open(&watches, "w");
            let closed = watches.read("w").unwrap().open.clone();
            closed.closed.wait().await;
            assert!(!is_open(&watches, "w"));
        });
    }

    #[test]
    fn a_watch_that_is_read_often_has_one_task() {
        run(async {
            let watches = Rc::<Watches>::default();
            let _folder = open(&watches, "w");
            for _ in 0..1000 {
                watches.read("w").unwrap().keep();
            }
            let held = watches.0.borrow().get("w").map(Rc::weak_count);
            assert_eq!(held, Some(1));
        });
    }
}
