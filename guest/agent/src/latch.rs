//! Something that happens once, and that any number of tasks may wait for.

use std::cell::Cell;

use tokio::sync::Notify;

#[derive(Debug, Default)]
pub struct Latch {
    set: Cell<bool>,
    notify: Notify,
}

impl Latch {
    pub fn set(&self) {
        self.set.set(true);
        self.notify.notify_waiters();
    }

    pub fn is_set(&self) -> bool {
        self.set.get()
    }

    pub async fn wait(&self) {
        let notified = self.notify.notified();
        if !self.is_set() {
            notified.await;
        }
    }
}
