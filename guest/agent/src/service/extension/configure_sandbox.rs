//! ConfigureSandbox: what belongs to one sandbox beyond what CreateSandbox tells.

use crate::agent::Agent;
use crate::id;
use crate::proto::virtcontainers::ConfigureSandboxRequest;
use crate::sandbox::Settings;
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
    if request.log_limit > 0 {
        agent.output_log.set_limit(request.log_limit);
    }
    Ok(())
}
