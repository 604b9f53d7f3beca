//! The end of all containers and of what the sandbox has mounted.

use super::Agent;
use crate::process::signal;

/// Kills all containers and unmounts what they used. Where the machine ends with the sandbox, the
/// rest of what they had ends with it.
pub async fn destroy_sandbox(agent: &Agent) {
    let containers = agent.sandbox.containers();
    for container in &containers {
        if let Err(status) = container.kill_all() {
            crate::warning!("kill {}: {status}", container.id);
        }
    }
    for console in agent.sandbox.consoles.execs.live() {
        if let Err(status) = signal::send(&console, signal::KILL) {
            crate::warning!("kill a console: {status}");
        }
    }
    for container in &containers {
        container.init.exit.wait().await;
        if !agent.config.init || container.poststop {
            agent.crun.delete(&container.id).await;
        }
    }
    agent.sandbox.pause.end();
    agent.sandbox.storages.release_everything().await;
    crate::debug!("phase sandbox destroyed");
}
