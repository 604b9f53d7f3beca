//! RemovePath: what stands at a path of a container is taken away.

use super::in_container;
use crate::agent::Agent;
use crate::files::empty::BOUNDS;
use crate::files::remove;
use crate::proto::virtcontainers::{RemovePathRequest, RemovePathResponse};
use crate::status::Result;

pub async fn call(agent: &Agent, request: RemovePathRequest) -> Result<RemovePathResponse> {
    let id = request.container_id.clone();
    let work = move |root| remove::remove(&root, &request.path, request.recursive, BOUNDS);
    let all = in_container::run(agent, &id, work).await?;
    Ok(RemovePathResponse { more: !all })
}
