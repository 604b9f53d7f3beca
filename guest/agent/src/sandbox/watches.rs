//! Who looks for changes of a container's files.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::async_fd::{self, AsyncFd};
use crate::files::watch::Watch;
use crate::latch::Latch;
use crate::status::{Code, Context, Result, Status};

/// Of one container; the kernel has room for some more.
const MOST: usize = 32;
/// A watch that nobody asks for so long is nobody's any more.
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

    fn forget_when_idle(self: &Rc<Self>, id: &str, open: &Rc<Open>) {
        let (watches, open) = (Rc::downgrade(self), Rc::downgrade(open));
        let id = id.to_owned();
        let asked = open.upgrade().map(|open| open.asked.get());
        tokio::task::spawn_local(async move {
            tokio::time::sleep(IDLE).await;
            let Some(open) = Weak::upgrade(&open) else {
                return;
            };
            let is_idle = !open.reading.get() && asked == Some(open.asked.get());
            if is_idle && let Some(watches) = watches.upgrade() {
                watches.close(&id);
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
        match self.kept {
            true => self.watches.forget_when_idle(&self.id, &self.open),
            false => self.watches.close(&self.id),
        }
    }
}
