//! ReadFile: a piece of a file of a container.

use std::ffi::OsStr;

use super::in_container;
use crate::agent::Agent;
use crate::files::entry;
use crate::proto::virtcontainers::{ReadFileRequest, ReadFileResponse};
use crate::status::Result;

pub async fn call(agent: &Agent, request: ReadFileRequest) -> Result<ReadFileResponse> {
    let id = request.container_id;
    let (path, follow) = (request.path, request.follow);
    let (offset, len) = (request.offset, request.len);
    let work = move |root| entry::read(&root, OsStr::new(&path), follow, offset, len);
    let data = in_container::run(agent, &id, work).await?;
    Ok(ReadFileResponse { data: data.into() })
}
