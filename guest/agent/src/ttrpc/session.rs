//! One client's time on a connection: its answers to be sent, and its end.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use tokio::sync::Notify;

use super::body::Body;
use crate::latch::Latch;

/// Calls that may run at once for one client.
pub const MAX_CALLS: usize = 1024;

#[derive(Default)]
pub struct Session {
    /// Set when the client is gone: what only waits on its behalf ends then.
    pub closed: Latch,
    pub calls: Cell<usize>,
    queue: RefCell<VecDeque<Body>>,
    queued: Notify,
    unsent: Cell<usize>,
    sent: Notify,
}

impl Session {
    /// Queues an answer; it is dropped if the client is gone.
    pub fn push(&self, frame: Body) {
        if !self.closed.is_set() {
            self.unsent.set(self.unsent.get() + 1);
            self.queue.borrow_mut().push_back(frame);
            self.queued.notify_one();
        }
    }

    /// The next answer to send; none once the client is gone.
    pub async fn next_frame(&self) -> Option<Body> {
        loop {
            if self.closed.is_set() {
                return None;
            }
            let frame = self.queue.borrow_mut().pop_front();
            if frame.is_some() {
                return frame;
            }
            self.queued.notified().await;
        }
    }

    pub fn frame_written(&self) {
        self.unsent.set(self.unsent.get().saturating_sub(1));
        self.sent.notify_waiters();
    }

    /// Waits until all answers have been written, or the client is gone.
    pub async fn flushed(&self) {
        loop {
            let sent = self.sent.notified();
            if self.unsent.get() == 0 || self.closed.is_set() {
                return;
            }
            sent.await;
        }
    }

    pub fn close(&self) {
        self.closed.set();
        self.queue.borrow_mut().clear();
        self.queued.notify_one();
        self.sent.notify_waiters();
    }
}

/// All sessions there are.
#[derive(Default)]
pub struct Sessions(RefCell<Vec<Weak<Session>>>);

impl Sessions {
    pub fn open(&self) -> Rc<Session> {
        let session = Rc::new(Session::default());
        let mut sessions = self.0.borrow_mut();
        sessions.retain(|session| session.strong_count() > 0);
        sessions.push(Rc::downgrade(&session));
        session
    }

    /// Waits until all answers to all clients have been written.
    pub async fn flushed(&self) {
        let sessions: Vec<Rc<Session>> = self.0.borrow().iter().filter_map(Weak::upgrade).collect();
        for session in sessions {
            session.flushed().await;
        }
    }
}
