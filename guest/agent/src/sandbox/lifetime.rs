//! How long the machine may last, and how long nobody may use it: it is kept here, so that it holds
//! whatever becomes of its owner. By the clock of the machine's own running.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep_until;

/// Why the machine is to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Over {
    Timeout = 1,
    Idle = 2,
}

pub struct Lifetime {
    end: Cell<Option<Instant>>,
    idle: Cell<Option<Duration>>,
    /// When the last call ended.
    used: Cell<Instant>,
    /// Calls under way.
    calls: Cell<usize>,
    /// Wakes who waits for the end, when that may have come nearer.
    changed: Notify,
}

impl Default for Lifetime {
    fn default() -> Lifetime {
        Lifetime {
            end: Cell::default(),
            idle: Cell::default(),
            used: Cell::new(Instant::now()),
            calls: Cell::default(),
            changed: Notify::default(),
        }
    }
}

/// A call under way: for so long the machine is not idle.
pub struct Use<'a>(&'a Lifetime);

impl Lifetime {
    /// From now on; without one it lasts, or may be idle, for as long as it is let.
    pub fn set(&self, timeout: Option<Duration>, idle: Option<Duration>) {
        let now = Instant::now();
        // What is too far away to be told never comes.
        self.end.set(timeout.and_then(|time| now.checked_add(time)));
        self.idle.set(idle);
        self.used.set(now);
        self.changed.notify_one();
    }

    pub fn touch(&self) {
        self.used.set(Instant::now());
    }

    pub fn begin(&self) -> Use<'_> {
        self.calls.set(self.calls.get() + 1);
        Use(self)
    }

    /// Waits until the machine has to end; `heard` is when the last output came.
    pub async fn over(&self, heard: &Cell<Option<Instant>>) -> Over {
        loop {
            let Some((at, why)) = self.next(heard.get()) else {
                self.changed.notified().await;
                continue;
            };
            if at <= Instant::now() {
                return why;
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(at.into()) => {}
            }
        }
    }

    /// What comes first, if nothing happens until then.
    fn next(&self, heard: Option<Instant>) -> Option<(Instant, Over)> {
        let used = heard.unwrap_or(self.used.get()).max(self.used.get());
        let end = self.end.get().map(|at| (at, Over::Timeout));
        let idle = self
            .idle
            .get()
            .filter(|_| self.calls.get() == 0)
            .and_then(|time| used.checked_add(time))
            .map(|at| (at, Over::Idle));
        match (end, idle) {
            (Some(end), Some(idle)) if idle.0 < end.0 => Some(idle),
            (end, idle) => end.or(idle),
        }
    }
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        self.0.calls.set(self.0.calls.get().saturating_sub(1));
        self.0.touch();
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(20);

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    }

    /// Whether it goes on for now.
    fn lasts(lifetime: &Lifetime) -> bool {
        let silent = Cell::default();
        let mut over = std::pin::pin!(lifetime.over(&silent));
        let mut context = Context::from_waker(Waker::noop());
        matches!(over.as_mut().poll(&mut context), Poll::Pending)
    }

    #[test]
    fn it_ends_by_what_comes_first() {
        runtime().block_on(async {
            let lifetime = Lifetime::default();
            assert!(lasts(&lifetime));
            lifetime.set(Some(SHORT), Some(LONG));
            assert_eq!(lifetime.over(&Cell::default()).await, Over::Timeout);
            lifetime.set(Some(LONG), Some(SHORT));
            assert_eq!(lifetime.over(&Cell::default()).await, Over::Idle);
            lifetime.set(Some(Duration::MAX), Some(Duration::MAX));
            assert!(lasts(&lifetime));
        });
    }

    #[test]
    fn a_longer_time_is_heard_by_who_waits_already() {
        runtime().block_on(async {
            let lifetime = Lifetime::default();
            let silent = Cell::default();
            let change = async {
                lifetime.set(Some(LONG), None);
                tokio::task::yield_now().await;
                lifetime.set(Some(SHORT), None);
            };
            assert_eq!(
                tokio::join!(lifetime.over(&silent), change).0,
                Over::Timeout
            );
        });
    }

    #[test]
    fn output_is_no_idleness() {
        runtime().block_on(async {
            let lifetime = Lifetime::default();
            lifetime.set(None, Some(LONG));
            let long_ago = Instant::now().checked_sub(LONG);
            let silent = Cell::new(None);
            let mut over = std::pin::pin!(lifetime.over(&silent));
            lifetime.used.set(long_ago.unwrap());
            assert_eq!(over.as_mut().await, Over::Idle);
            let heard = Cell::new(Some(Instant::now()));
            let mut over = std::pin::pin!(lifetime.over(&heard));
            let mut context = Context::from_waker(Waker::noop());
            assert_eq!(over.as_mut().poll(&mut context), Poll::Pending);
        });
    }

    #[test]
    fn a_call_under_way_is_no_idleness_and_ends_no_timeout() {
        runtime().block_on(async {
            let lifetime = Lifetime::default();
            lifetime.set(None, Some(Duration::ZERO));
            let call = lifetime.begin();
            assert!(lasts(&lifetime));
            lifetime.set(Some(SHORT), Some(Duration::ZERO));
            assert_eq!(lifetime.over(&Cell::default()).await, Over::Timeout);
            drop(call);
            lifetime.set(None, Some(Duration::ZERO));
            assert_eq!(lifetime.over(&Cell::default()).await, Over::Idle);
        });
    }
}
