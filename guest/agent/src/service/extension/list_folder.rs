//! ListFolder: what stands in a folder of a container.

use std::ffi::OsStr;

use super::in_container;
use crate::agent::Agent;
use crate::files::entry;
use crate::proto::virtcontainers::{ListFolderRequest, ListFolderResponse};
use crate::status::Result;

pub async fn call(agent: &Agent, request: ListFolderRequest) -> Result<ListFolderResponse> {
    let id = request.container_id;
    let (path, after, limit) = (request.path, request.after, request.limit);
    let work = move |root| entry::list(&root, OsStr::new(&path), &after, limit);
    let entries = in_container::run(agent, &id, work).await?;
    Ok(ListFolderResponse { entries })
}
