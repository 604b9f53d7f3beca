//! ConfigureSandbox: what belongs to one sandbox beyond what CreateSandbox tells.

use super::set_lifetime;
use crate::agent::Agent;
use crate::id;
use crate::proto::virtcontainers::ConfigureSandboxRequest;
use crate::sandbox::{Settings, files};
use crate::status::Result;

pub fn call(agent: &Agent, request: ConfigureSandboxRequest) -> Result<()> {
    let exit_with = match request.exit_with.as_str() {
        "" => None,
        id => {
            id::check_container(id)?;
            Some(id.to_owned())
        }
    };
    agent.sandbox.configure(Settings { exit_with })?;
    if let Some(lifetime) = request.lifetime {
        set_lifetime::call(agent, lifetime)?;
    }
    let folder = files::folder(&agent.config.run_dir);
    for file in &request.files {
        files::write(&folder, &file.name, &file.data)?;
    }
    if request.log_limit > 0 {
        agent.output_log.set_limit(request.log_limit);
    }
    Ok(())
}
