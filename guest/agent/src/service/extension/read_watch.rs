//! ReadWatch: what has changed since the last one; waits until something has, but not for ever.

use std::sync::PoisonError;
use std::time::Duration;

use super::in_container;
use crate::agent::Agent;
use crate::proto::virtcontainers::{FileChange, ReadWatchRequest, ReadWatchResponse};
use crate::sandbox::watches::Open;
use crate::status::{Context, Result};

/// Who is asked in vain for so long answers, and is asked again: so nothing is kept for a client that is gone.
const LONGEST: Duration = Duration::from_secs(30);
/// What is moved is told in two parts, the second of which follows at once.
const SECOND: Duration = Duration::from_millis(10);

pub async fn call(agent: &Agent, request: ReadWatchRequest) -> Result<ReadWatchResponse> {
    let id = &request.container_id;
    let container = agent.sandbox.container(id)?;
    let reading = container.life.watches.read(&request.watch_id)?;
    let open = &reading.open;
    let mut late = std::pin::pin!(tokio::time::sleep(LONGEST));
    let (changes, ended) = loop {
        let (changes, ended) = take(agent, id, open).await?;
        if !changes.is_empty() || ended {
            break (changes, ended);
        }
        tokio::select! {
            ready = open.readable.readable() => ready.context(|| "watch")?.clear_ready(),
            () = container.life.gone.wait() => break (changes, true),
            () = open.closed.wait() => break (changes, true),
            () = &mut late => break (changes, false),
        }
    };
    if !ended {
        reading.keep();
    }
    Ok(ReadWatchResponse { changes, ended })
}

async fn take(agent: &Agent, id: &str, open: &Open) -> Result<(Vec<FileChange>, bool)> {
    let take = |last| {
        let watch = open.watch.clone();
        in_container::run(agent, id, move |root| {
            let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
            let changes = watch.take(&root, last)?;
            let ended = watch.ended && changes.is_empty();
            Ok((changes, watch.expects(), ended))
        })
    };
    let (mut changes, expects, mut ended) = take(false).await?;
    if expects {
        tokio::time::sleep(SECOND).await;
        let (more, _, over) = take(true).await?;
        changes.extend(more);
        ended = over && changes.is_empty();
    }
    Ok((changes, ended))
}
