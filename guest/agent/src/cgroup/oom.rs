//! Containers that ran out of memory.

use std::cell::RefCell;
use std::collections::VecDeque;

use tokio::sync::Notify;

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

    pub fn push(&self, id: &str) {
        let mut queue = self.queue.borrow_mut();
        if queue.len() == KEPT {
            queue.pop_front();
        }
        queue.push_back(id.to_owned());
        self.happened.notify_waiters();
    }
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
