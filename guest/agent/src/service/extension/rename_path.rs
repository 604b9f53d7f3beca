//! RenamePath: what stands at a path of a container gets another one.

use super::in_container;
use crate::agent::Agent;
use crate::files::rename;
use crate::proto::virtcontainers::RenamePathRequest;
use crate::status::Result;

pub async fn call(agent: &Agent, request: RenamePathRequest) -> Result<()> {
    let id = request.container_id.clone();
    let work = move |root| rename::rename(&root, &request.from, &request.to);
    in_container::run(agent, &id, work).await
}
