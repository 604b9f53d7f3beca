//! RemovePath: what stands at a path of a container is taken away.

use super::in_container;
use crate::agent::Agent;
use crate::files::remove;
use crate::proto::virtcontainers::RemovePathRequest;
use crate::status::Result;

pub async fn call(agent: &Agent, request: RemovePathRequest) -> Result<()> {
    let id = request.container_id.clone();
    let work = move |root| remove::remove(&root, &request.path, request.recursive);
    in_container::run(agent, &id, work).await
}
