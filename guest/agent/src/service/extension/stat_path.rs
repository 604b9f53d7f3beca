//! StatPath: what stands at a path of a container.

use std::ffi::OsStr;

use super::in_container;
use crate::agent::Agent;
use crate::files::entry;
use crate::proto::virtcontainers::{StatPathRequest, StatPathResponse};
use crate::status::Result;

pub async fn call(agent: &Agent, request: StatPathRequest) -> Result<StatPathResponse> {
    let StatPathRequest {
        container_id,
        path,
        follow,
    } = request;
    let work = move |root| entry::stat(&root, OsStr::new(&path), follow);
    let entry = in_container::run(agent, &container_id, work).await?;
    Ok(StatPathResponse { entry })
}
