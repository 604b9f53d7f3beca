//! `crun delete`: what is left of a container.

use super::Crun;
use crate::pipe::Stdio;

impl Crun {
    /// Kills what still runs and removes the container's state and cgroup.
    pub async fn delete(&self, id: &str) {
        match self.run(&["delete", "--force", id], Stdio::default()).await {
            Ok(0) => {}
            Ok(status) => crate::warning!("crun delete {id}: exit status {status}"),
            Err(error) => crate::warning!("crun delete {id}: {error}"),
        }
    }
}
