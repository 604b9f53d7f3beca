//! OpenWatch: from now on changes of files of a container are kept for ReadWatch.

use super::in_container;
use crate::agent::Agent;
use crate::files::watch::Watch;
use crate::proto::virtcontainers::OpenWatchRequest;
use crate::status::Result;

pub async fn call(agent: &Agent, request: OpenWatchRequest) -> Result<()> {
    let container = agent.sandbox.container(&request.container_id)?;
    let watches = container.life.watches.clone();
    watches.check(&request.watch_id)?;
    let (path, recursive) = (request.path, request.recursive);
    let work = move |root| Watch::open(&root, &path, recursive);
    let watch = in_container::run(agent, &request.container_id, work).await?;
    watches.add(&request.watch_id, watch)
}
