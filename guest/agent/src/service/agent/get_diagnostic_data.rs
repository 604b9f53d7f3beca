//! GetDiagnosticData: what a container has left to say why it ended.

use std::path::PathBuf;

use crate::agent::Agent;
use crate::proto::grpc::{GetDiagnosticDataRequest, GetDiagnosticDataResponse};
use crate::sandbox::container::Container;
use crate::status::{Result, Status};
use crate::user::database::read_inside;

const TERMINATION_LOG: &str = "termination-log";
/// As much as Kubernetes reads of it.
const LIMIT: u64 = 4096;

pub async fn call(
    agent: &Agent,
    request: GetDiagnosticDataRequest,
) -> Result<GetDiagnosticDataResponse> {
    if request.log_type != TERMINATION_LOG {
        return Err(Status::invalid(format!(
            "log_type: {:?} is not known: use {TERMINATION_LOG:?}",
            request.log_type
        )));
    }
    let container = agent.sandbox.container(&request.container_id)?;
    let path = &container.termination_log.path;
    let unread = || Status::not_found(format!("container {}: no {path} can be read", container.id));
    let (root, inside) = place(&container).ok_or_else(unread)?;
    let read = move || Ok(read_inside(&root, &inside, LIMIT).ok());
    let what = format!("container {}: {path}", container.id);
    let data = container.blocking.run(&what, read).await?;
    let data = data.ok_or_else(unread)?;
    Ok(GetDiagnosticDataResponse { data })
}

/// From where it is mounted, which outlives the container; else as the container sees it.
fn place(container: &Container) -> Option<(PathBuf, String)> {
    let log = &container.termination_log;
    if let Some(source) = &log.source {
        return Some((PathBuf::from("/"), source.clone()));
    }
    let alive = container.init.exit.get().is_none();
    let root = format!("/proc/{}/root", container.init.pid.get());
    alive.then(|| (root.into(), log.path.clone()))
}
