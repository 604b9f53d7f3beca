//! GetDiagnosticData: what a container has left to say why it ended.

use std::path::Path;

use crate::agent::Agent;
use crate::files::root::Root;
use crate::proto::grpc::{GetDiagnosticDataRequest, GetDiagnosticDataResponse};
use crate::status::{Context, Result, Status};
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
    let inside = container.termination_log.source.clone();
    // From where it is mounted, which outlives the container; else as the container sees it.
    let (live, inside) = match inside {
        Some(source) => (None, source),
        None => (Some(container.live_root_opener()), path.clone()),
    };
    let read = move || {
        let root = live.map_or_else(|| Root::at(Path::new("/")), |open| open());
        Ok(root.and_then(|root| read_inside(&root, &inside, LIMIT).context(|| inside)))
    };
    let what = format!("container {}: {path}", container.id);
    let data = container.life.blocking.run(&what, read).await?;
    let data = data.map_err(|_| unread())?;
    Ok(GetDiagnosticDataResponse { data })
}
