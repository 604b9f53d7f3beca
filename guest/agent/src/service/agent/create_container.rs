//! CreateContainer: storages, devices, bundle, and the init up to the point where it waits.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::agent::Agent;
use crate::boot::cgroup;
use crate::cgroup::oom;
use crate::device;
use crate::id;
use crate::process::make::{Draft, Ports};
use crate::proto::grpc::{CreateContainerRequest, Spec};
use crate::sandbox::container::{Container, Parts, TerminationLog};
use crate::sandbox::shared_mounts;
use crate::spec::{self, compiled_filter, guest_hooks, namespaces, sysctl};
use crate::status::{Context, Result, Status};
use crate::user::resolve;

pub async fn call(agent: &Rc<Agent>, request: CreateContainerRequest) -> Result<()> {
    id::check_container(&request.container_id)?;
    let claim = agent.sandbox.claim(&request.container_id)?;
    let id = request.container_id.clone();
    let spec = request.oci.as_ref();
    if spec.and_then(|spec| spec.process.as_ref()).is_none() {
        return Err(Status::internal(
            "EINVAL: the request has no OCI spec with a process",
        ));
    }
    shared_mounts::check(&request.shared_mounts)?;
    let storages = &agent.sandbox.storages;
    let bundle = agent.config.run_dir.join(&id);
    let result = match storages.add_all(agent, &request.storages).await {
        Err(status) => Err(status),
        Ok(mounts) => {
            let result = create(agent, request, &bundle, &mounts).await;
            if result.is_err() {
                storages.release_all(&mounts).await;
            }
            result
        }
    };
    match result {
        Ok(container) => {
            oom::watch(agent, &container);
            claim.keep(container);
        }
        Err(status) => {
            remove_bundle(&bundle);
            return Err(status);
        }
    }
    crate::debug!("phase crun create done");
    Ok(())
}

async fn create(
    agent: &Rc<Agent>,
    request: CreateContainerRequest,
    bundle: &Path,
    mounts: &[String],
) -> Result<Rc<Container>> {
    let id = request.container_id;
    let mut spec = request.oci.unwrap_or_default();
    device::container::add_all(agent, &request.devices, &mut spec).await?;
    let user = request.string_user;
    let settle_user = move || {
        let root = check_root(&spec)?;
        let process = spec.process.get_or_insert_default();
        resolve::apply(process, user.as_ref(), &root)?;
        Ok((spec, root))
    };
    let what = format!("root of container {id}");
    let gate = &agent.sandbox.storages.gate;
    let (mut spec, root) = gate.run(&what, settle_user).await?;
    let info = agent.sandbox.info()?;
    if !info.hook_path.is_empty() {
        guest_hooks::add(&mut spec, &info.hook_path);
    }
    let shares_pids = request.sandbox_pidns || info.shared_pidns;
    settle(agent, &id, &info.hostname, shares_pids, &mut spec)?;
    compiled_filter::apply(&mut spec, Path::new(compiled_filter::FOLDER));
    let hooks = spec.hooks.clone().unwrap_or_default();
    let termination_log = TerminationLog::of(&spec);
    fs::create_dir_all(bundle).context(|| format!("create {}", bundle.display()))?;
    let config = bundle.join("config.json");
    fs::write(&config, spec::config(&spec).to_string())
        .context(|| format!("write {}", config.display()))?;
    let ports = Ports {
        stdin: request.stdin_port,
        stdout: request.stdout_port,
        stderr: request.stderr_port,
    };
    let process = spec.process.unwrap_or_default();
    let (draft, stdio) = Draft::open(agent, &id, "", &process, ports)?;
    let _birth = agent.crun.reaper.birth();
    let console = draft.console();
    crate::debug!("phase crun create");
    let created = agent
        .crun
        .create(&id, bundle, stdio, console.as_deref())
        .await?;
    let Some(pid) = created else {
        if agent.crun.root.join(&id).exists() {
            agent.crun.delete(&id).await;
        }
        return Err(draft.explain());
    };
    let init = match draft.into_process(agent, pid) {
        Ok(init) => init,
        Err(status) => {
            agent.crun.delete(&id).await;
            return Err(status);
        }
    };
    let container = Container::new(Parts {
        cgroup: agent.crun.cgroups.then(|| cgroup::folder_of(&id)),
        id,
        init_id: request.exec_id,
        init,
        bundle: bundle.to_owned(),
        root,
        mounts: mounts.to_vec(),
        poststart: !hooks.poststart.is_empty(),
        poststop: !hooks.poststop.is_empty(),
        termination_log,
    });
    let shared = shared_mounts::add(&agent.sandbox, &container, &request.shared_mounts);
    if let Err(status) = shared.await {
        agent.crun.delete(&container.id).await;
        return Err(status);
    }
    Ok(container)
}

fn check_root(spec: &Spec) -> Result<PathBuf> {
    let path = spec.root.as_ref().map_or("", |root| root.path.as_str());
    let root = PathBuf::from(path);
    match root.is_absolute() && root.is_dir() {
        true => Ok(root),
        false => Err(Status::invalid(format!(
            "OCI.Root.Path: {path:?} must be an absolute path of a folder in the guest"
        ))),
    }
}

/// What the guest decides and not the caller.
fn settle(
    agent: &Agent,
    id: &str,
    hostname: &str,
    shares_pids: bool,
    spec: &mut Spec,
) -> Result<()> {
    let pid = match shares_pids {
        true => {
            let pause = &agent.sandbox.pause;
            Some(pause.hold(&agent.config.pause, &agent.crun.reaper)?)
        }
        false => None,
    };
    namespaces::settle(spec, hostname, pid);
    sysctl::apply_shared(spec)?;
    spec.linux.get_or_insert_default().cgroups_path = cgroup::path_of(id);
    Ok(())
}

/// Removes the agent's own files of a container; what else is there stays.
pub fn remove_bundle(bundle: &Path) {
    let _ = fs::remove_file(bundle.join("config.json"));
    let _ = fs::remove_file(bundle.join("init.pid"));
    let _ = fs::remove_dir(bundle);
}
