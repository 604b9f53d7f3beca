//! CreateSandbox: host name, DNS, kernel modules and what the containers share.

use std::os::unix::fs::symlink;

use crate::agent::Agent;
use crate::kernel_modules;
use crate::proto::grpc::CreateSandboxRequest;
use crate::sandbox::Info;
use crate::spec::guest_hooks;
use crate::status::{Context, Result, Status};

const MAX_HOSTNAME: usize = 64;

pub async fn call(agent: &Agent, request: CreateSandboxRequest) -> Result<()> {
    if request.hostname.len() > MAX_HOSTNAME {
        let message = format!("hostname: more than {MAX_HOSTNAME} bytes");
        return Err(Status::invalid(message));
    }
    if !request.guest_hook_path.is_empty() {
        guest_hooks::check(&request.guest_hook_path)?;
    }
    agent.output_log.check().await?;
    agent.sandbox.create(Info {
        hostname: request.hostname.clone(),
        shared_pidns: request.sandbox_pidns,
        hook_path: request.guest_hook_path.clone(),
    })?;
    let result = set_up(agent, &request).await;
    if result.is_err() {
        agent.sandbox.storages.release_everything().await;
        agent.sandbox.undo_create();
    }
    crate::debug!("phase sandbox created");
    result
}

async fn set_up(agent: &Agent, request: &CreateSandboxRequest) -> Result<()> {
    for module in &request.kernel_modules {
        kernel_modules::load(&module.name, &module.parameters)?;
    }
    if agent.config.init && !request.hostname.is_empty() {
        let name = request.hostname.as_bytes();
        rustix::system::sethostname(name).context(|| "hostname")?;
    }
    if !request.dns.is_empty() {
        write_resolv_conf(agent, &request.dns)?;
    }
    // They belong to the sandbox: no container releases them.
    let storages = &agent.sandbox.storages;
    storages.add_all(&request.storages).await.map(drop)
}

fn write_resolv_conf(agent: &Agent, lines: &[String]) -> Result<()> {
    let folder = agent.config.run_dir.join("sandbox");
    let file = folder.join("resolv.conf");
    let what = || format!("write {}", file.display());
    std::fs::create_dir_all(&folder).context(what)?;
    let mut text = lines.join("\n");
    text.push('\n');
    std::fs::write(&file, text).context(what)?;
    match agent.config.init {
        // The root's /etc/resolv.conf is a link to this place.
        true => symlink(&file, "/run/resolv.conf").context(|| "link /run/resolv.conf"),
        false => Ok(()),
    }
}
