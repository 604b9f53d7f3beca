//! PutFile: a folder, a link or a piece of a file for a container.

use super::in_container;
use crate::agent::Agent;
use crate::files::put;
use crate::proto::virtcontainers::PutFileRequest;
use crate::status::Result;

pub async fn call(agent: &Agent, request: PutFileRequest) -> Result<()> {
    let id = request.container_id.clone();
    in_container::run(agent, &id, move |root| put::put(&root, &request)).await
}
