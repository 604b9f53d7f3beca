//! PutFile: a folder, a link or a piece of a file for a container, or a file that all of a sandbox have.

use super::in_container;
use crate::agent::Agent;
use crate::files::put;
use crate::proto::virtcontainers::{FileKind, PutFileRequest};
use crate::sandbox;
use crate::status::{Result, Status};

pub async fn call(agent: &Agent, request: PutFileRequest) -> Result<()> {
    if request.container_id.is_empty() {
        return of_sandbox(agent, &request);
    }
    let id = request.container_id.clone();
    in_container::run(agent, &id, move |root| put::put(&root, &request)).await
}

fn of_sandbox(agent: &Agent, request: &PutFileRequest) -> Result<()> {
    let name = request.path.strip_prefix('/').unwrap_or_default();
    let is_whole = request.offset == 0 && request.size == request.data.len() as u64;
    if request.kind != i32::from(FileKind::File) || !is_whole {
        return Err(Status::invalid("a file of the sandbox is written whole"));
    }
    let folder = sandbox::files::folder(&agent.config.run_dir);
    sandbox::files::write(&folder, name, &request.data)
}
