//! StatPath: what stands at a path of a container.

use std::ffi::OsStr;

use crate::agent::Agent;
use crate::files::{self, entry};
use crate::proto::virtcontainers::{StatPathRequest, StatPathResponse};
use crate::status::Result;

pub async fn call(agent: &Agent, request: StatPathRequest) -> Result<StatPathResponse> {
    let StatPathRequest {
        container_id,
        path,
        follow,
    } = request;
    let work = move |root| entry::stat(&root, OsStr::new(&path), follow);
    let entry = files::apart(agent, &container_id, work).await?;
    Ok(StatPathResponse { entry })
}
