//! Work on files that may never be done: what the host shares hangs for good when the host's part of it
//! has died, and a thread that waits for it can't be ended. So such work is done on threads of its
//! own, only so many, and is waited for no longer than a limit: the agent's own thread goes on for all others.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::status::{Code, Result, Status};

/// Lets so many threads work at the same time, the others wait for their turn, and nobody waits for
/// longer than the limit.
#[derive(Debug)]
pub struct BlockingPool {
    turns: Arc<Semaphore>,
    limit: Duration,
}

impl BlockingPool {
    pub fn new(threads: usize, limit: Duration) -> BlockingPool {
        BlockingPool {
            turns: Arc::new(Semaphore::new(threads)),
            limit,
        }
    }

    /// The work's result; DEADLINE_EXCEEDED when the limit passes first.
    pub async fn run<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run_or(what, work, drop).await?
    }

    /// As `run`; a result that nobody waits for any more is given to `late`, on the work's thread.
    pub async fn run_or<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce() -> T + Send + 'static,
        late: impl FnOnce(T) + Send + 'static,
    ) -> Result<T> {
        let (sender, mut receiver) = oneshot::channel();
        let turns = self.turns.clone();
        let answer = async {
            let turn = turns.acquire_owned().await;
            spawn_blocking(move || {
                // It stays taken for as long as the thread hangs.
                let _turn = turn;
                if let Err(result) = sender.send(work()) {
                    late(result);
                }
            });
            (&mut receiver).await
        };
        let answer = timeout(self.limit, answer).await.ok();
        let answer = match answer {
            Some(answer) => answer.ok(),
            // It may have come at the last moment.
            None => {
                receiver.close();
                let last = receiver.try_recv().ok();
                Some(last.ok_or_else(|| too_late(what))?)
            }
        };
        answer.ok_or_else(|| Status::internal(format!("{what}: the thread has ended")))
    }
}

fn too_late(what: &str) -> Status {
    let message = format!("{what}: its file system does not answer");
    Status::new(Code::DeadlineExceeded, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(work)
    }

    #[test]
    fn what_hangs_keeps_its_own_pool_and_no_other() {
        let (release, hung) = mpsc::channel::<()>();
        let (told, late) = mpsc::channel();
        block_on(async {
            let pool = BlockingPool::new(1, Duration::from_millis(50));
            let other = BlockingPool::new(1, Duration::from_secs(60));
            let work = move || hung.recv().is_ok();
            let tell = move |result| assert!(told.send(result).is_ok());
            let status = pool.run_or("look", work, tell);
            assert_eq!(status.await.unwrap_err().code, Code::DeadlineExceeded);
            let status = pool.run("look again", || Ok(1)).await.unwrap_err();
            assert_eq!(status.code, Code::DeadlineExceeded);
            assert!(status.message.contains("look again"));
            assert_eq!(other.run("look", || Ok(2)).await, Ok(2));
            release.send(()).unwrap();
            assert_eq!(late.recv(), Ok(true));
            let limit = other.limit;
            let pool = BlockingPool { limit, ..pool };
            assert_eq!(pool.run("look", || Ok(3)).await, Ok(3));
        });
    }
}
