//! CreateContainer: storages, devices, bundle, and the init up to the point where it waits.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::agent::{Agent, exit};
use crate::cgroup::path;
use crate::crun::Started;
use crate::device;
use crate::files::root::Root;
use crate::id;
use crate::process::draft::{Draft, Ports, Wanted};
use crate::proto::grpc::{CreateContainerRequest, Spec};
use crate::sandbox::container::{self, Container, Life, TerminationLog};
use crate::sandbox::{files, shared_mounts};
use crate::spec::limits::Limits;
use crate::spec::namespaces::{self, Pids};
use crate::spec::{self, apparmor, compiled_filter, guest_hooks, propagation, sysctl};
use crate::status::{Context, Result, Status};
use crate::storage::fill;
use crate::user::resolve;

/// How deep below its bundle a container's mounts are.
const MOUNT_DEPTH: usize = 3;

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
    let result = match storages.add_all(&request.storages).await {
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
            agent.oom_watch().start(&container);
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
    device::container::add_all(&agent.devices, &request.devices, &mut spec).await?;
    let user = request.string_user;
    let files = files::folder(&agent.config.run_dir);
    let look_into_root = move || {
        let path = check_root(&spec)?;
        let root = Root::at(&path)?;
        let process = spec.process.get_or_insert_default();
        resolve::apply(process, user.as_ref(), &root)?;
        files::leave_out_homeless(&mut spec, &root, &files);
        Ok((spec, path))
    };
    let what = format!("root of container {id}");
    let storages = &agent.sandbox.storages;
    let (mut spec, root) = storages.blocking.run(&what, look_into_root).await?;
    let fills = fill::take(&mut spec);
    if !fills.is_empty() {
        let root = root.clone();
        let fill = move || fill::all(&Root::at(&root)?, &fills);
        storages.filling.run("volumes", fill).await?;
    }
    let info = agent.sandbox.info()?;
    if !info.hook_path.is_empty() {
        guest_hooks::add(&mut spec, &info.hook_path);
    }
    let pids = pids(agent, request.sandbox_pidns || info.shared_pidns, &spec)?;
    namespaces::check(&spec)?;
    namespaces::apply(&mut spec, &info.hostname, &pids);
    sysctl::apply_shared(&mut spec)?;
    propagation::apply(&mut spec);
    spec.linux.get_or_insert_default().cgroups_path = path::of_container(&id);
    compiled_filter::apply(&mut spec, Path::new(compiled_filter::FOLDER));
    let hooks = spec.hooks.clone().unwrap_or_default();
    let termination_log = TerminationLog::of(&spec);
    let name = spec.annotations.get(container::NAME).cloned();
    let limits = Limits::of(spec.process.get_or_insert_default());
    apparmor::drop_unknown(spec.process.get_or_insert_default());
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
    let (draft, stdio) = Draft::open(&Wanted {
        container_id: &id,
        exec_id: "",
        process: &process,
        ports,
        pipe_size: agent.config.pipe_size,
        console: &agent.console_path(),
    })?;
    let _birth = agent.crun.reaper.birth();
    let console = draft.console();
    crate::debug!("phase crun create");
    let created = agent
        .crun
        .create(&id, bundle, stdio, console.as_deref())
        .await?;
    let pid = match created {
        Started::Process(pid) => pid,
        Started::Failed(status) => {
            if agent.crun.root.join(&id).exists() {
                agent.crun.delete(&id).await;
            }
            return Err(draft.explain(status));
        }
    };
    let init = match draft.into_process(&agent.crun.reaper, pid) {
        Ok(init) => {
            exit::watch(agent, &init);
            init
        }
        Err(status) => {
            agent.crun.delete(&id).await;
            return Err(status);
        }
    };
    let container = Rc::new(Container {
        cgroup: agent.crun.cgroups.then(|| path::folder_of(&id)),
        id,
        init_id: request.exec_id,
        init,
        bundle: bundle.to_owned(),
        root,
        mounts: mounts.to_vec(),
        own_pids: pids == Pids::Own,
        poststart: !hooks.poststart.is_empty(),
        poststop: !hooks.poststop.is_empty(),
        termination_log,
        process,
        limits,
        name,
        life: Life::default(),
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

fn pids(agent: &Agent, shared: bool, spec: &Spec) -> Result<Pids> {
    match (shared, namespaces::wants_agent_pids(spec)) {
        (true, true) => Err(Status::invalid(
            "sandbox_pidns: the container asks for the agent's pid namespace already",
        )),
        (true, false) => {
            let pause = &agent.sandbox.pause;
            pause
                .namespace(&agent.config.pause, &agent.crun.reaper)
                .map(Pids::Shared)
        }
        (false, true) => Ok(Pids::Agent),
        (false, false) => Ok(Pids::Own),
    }
}

/// Removes the agent's own files of a container and the places of its mounts; what else is there stays.
pub fn remove_bundle(bundle: &Path) {
    let _ = fs::remove_file(bundle.join("config.json"));
    let _ = fs::remove_file(bundle.join("init.pid"));
    remove_empty(bundle, MOUNT_DEPTH);
}

/// Never looks into what is still mounted.
fn remove_empty(folder: &Path, depth: usize) {
    let device = |path: &Path| fs::symlink_metadata(path).map(|file| file.dev()).ok();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if depth > 0 && is_folder && device(&entry.path()) == device(folder) {
            remove_empty(&entry.path(), depth - 1);
        }
    }
    let _ = fs::remove_dir(folder);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_empty_folders_go_with_a_bundle() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("c1");
        fs::create_dir_all(bundle.join("writable/upper")).unwrap();
        fs::create_dir_all(bundle.join("kept/data")).unwrap();
        fs::write(bundle.join("kept/file"), "").unwrap();
        fs::write(bundle.join("config.json"), "").unwrap();
        remove_bundle(&bundle);
        assert!(bundle.join("kept/file").exists());
        assert!(!bundle.join("kept/data").exists() && !bundle.join("writable").exists());
        fs::remove_file(bundle.join("kept/file")).unwrap();
        remove_bundle(&bundle);
        assert!(!bundle.exists());
    }
}
