//! DropFile: what was put of a file that will never be whole.

use super::in_container;
use crate::agent::Agent;
use crate::files::put;
use crate::proto::virtcontainers::DropFileRequest;
use crate::status::Result;

pub async fn call(agent: &Agent, request: DropFileRequest) -> Result<()> {
    let id = request.container_id.clone();
    in_container::run(agent, &id, move |root| put::drop_part(&root, &request)).await
}
