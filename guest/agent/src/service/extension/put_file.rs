//! PutFile: a folder, a link or a piece of a file for a container.

use crate::agent::Agent;
use crate::files::{self, put};
use crate::proto::virtcontainers::PutFileRequest;
use crate::status::Result;

pub async fn call(agent: &Agent, request: PutFileRequest) -> Result<()> {
    let id = request.container_id.clone();
    files::apart(agent, &id, move |root| put::put(&root, &request)).await
}
