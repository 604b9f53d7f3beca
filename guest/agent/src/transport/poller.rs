//! Readiness of virtio-serial ports. A port reports a hang-up whenever its client has left, which
//! the runtime takes for final; an epoll of its own, edge-triggered, tells each change once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Result;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::{Rc, Weak};

use rustix::event::{Timespec, epoll};
use tokio::sync::Notify;

use crate::async_fd::{self, AsyncFd};

/// A file whose changes of readiness are told.
pub struct Polled {
    pub fd: OwnedFd,
    pub readable: Notify,
    pub writable: Notify,
}

pub struct Poller {
    epoll: AsyncFd,
    files: RefCell<BTreeMap<u64, Weak<Polled>>>,
}

impl Poller {
    pub fn start() -> Result<Rc<Poller>> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let poller = Rc::new(Poller {
            epoll: async_fd::watch_reading(epoll)?,
            files: RefCell::default(),
        });
        tokio::task::spawn_local(poller.clone().run());
        Ok(poller)
    }

    pub fn add(&self, fd: OwnedFd) -> Result<Rc<Polled>> {
        let mut files = self.files.borrow_mut();
        files.retain(|_, file| file.strong_count() > 0);
        let key = files.last_key_value().map_or(0, |(key, _)| key + 1);
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::HUP
            | epoll::EventFlags::ET;
        epoll::add(
            self.epoll.get_ref(),
            fd.as_fd(),
            epoll::EventData::new_u64(key),
            flags,
        )?;
        let polled = Rc::new(Polled {
            fd,
            readable: Notify::new(),
            writable: Notify::new(),
        });
        files.insert(key, Rc::downgrade(&polled));
        Ok(polled)
    }

    async fn run(self: Rc<Self>) {
        while let Ok(mut guard) = self.epoll.readable().await {
            let mut space = [MaybeUninit::uninit(); 32];
            let now = Timespec::default();
            match epoll::wait(self.epoll.get_ref(), &mut space[..], Some(&now)) {
                Ok(([], _)) => guard.clear_ready(),
                Ok((events, _)) => events.iter().for_each(|event| self.tell(*event)),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    crate::warning!("epoll_wait: {error}");
                    return;
                }
            }
        }
    }

    fn tell(&self, event: epoll::Event) {
        let key = event.data.u64();
        let file = self.files.borrow().get(&key).and_then(Weak::upgrade);
        let Some(file) = file else {
            self.files.borrow_mut().remove(&key);
            return;
        };
        let flags = event.flags;
        if flags.contains(epoll::EventFlags::OUT) {
            file.writable.notify_one();
        }
        file.readable.notify_one();
    }
}
