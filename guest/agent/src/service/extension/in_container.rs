//! Work on the files of a container, which may hang on a file system of the container's own making: on
//! a thread of its own, with a limit.

use crate::agent::Agent;
use crate::files::root::Root;
use crate::status::Result;

pub async fn run<T: Send + 'static>(
    agent: &Agent,
    container_id: &str,
    work: impl FnOnce(Root) -> Result<T> + Send + 'static,
) -> Result<T> {
    agent.sandbox.info()?;
    let container = agent.sandbox.container(container_id)?;
    let root = container.root_opener();
    let what = format!("files of container {container_id}");
    container
        .life
        .blocking
        .run(&what, move || work(root()?))
        .await
}
