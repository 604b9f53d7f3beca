//! DestroySandbox: the end of all containers, and after the answer that of the machine.

use crate::agent::Agent;
use crate::process::signal;
use crate::status::Result;

pub async fn call(agent: &Agent) -> Result<()> {
    clean_up(agent).await;
    agent.ending.set();
    Ok(())
}

/// Kills all containers and unmounts what they used. Where the machine ends with the sandbox, the
/// rest of what they had ends with it.
pub async fn clean_up(agent: &Agent) {
    let containers = agent.sandbox.containers();
    for container in &containers {
        if let Err(status) = signal::kill_all(container) {
            crate::warning!("kill {}: {status}", container.id);
        }
    }
    for console in agent.sandbox.consoles.all() {
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
