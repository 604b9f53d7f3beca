//! ExecProcess: a further process in a running container.

use std::path::Path;
use std::rc::Rc;

use crate::agent::{Agent, exit};
use crate::id;
use crate::process::draft::{Draft, Ports, Wanted};
use crate::process::{Process, console, descendants};
use crate::proto::grpc::ExecProcessRequest;
use crate::sandbox::container::{Container, State};
use crate::spec;
use crate::status::{Result, Status};
use crate::user::resolve;

pub async fn call(agent: &Rc<Agent>, request: ExecProcessRequest) -> Result<()> {
    if request.container_id.is_empty() {
        return open_console(agent, request);
    }
    let container = agent.sandbox.container_or_internal(&request.container_id)?;
    let exec_id = request.exec_id.clone();
    id::check_exec(&exec_id)?;
    if container.state() != State::Running {
        let message = format!("container {} is not running", container.id);
        return Err(Status::precondition(message));
    }
    if container.paused.get() {
        let message = format!("container {} is paused", container.id);
        return Err(Status::precondition(message));
    }
    container.claim_exec(&exec_id)?;
    let result = start(agent, &container, request).await;
    let (process, answer) = match result {
        Ok(process) => (Some(process), Ok(())),
        Err(status) => (None, Err(status)),
    };
    container.settle_exec(&exec_id, process);
    answer
}

async fn start(
    agent: &Rc<Agent>,
    container: &Container,
    request: ExecProcessRequest,
) -> Result<Rc<Process>> {
    let missing = || Status::invalid("process: missing");
    let mut process = request.process.ok_or_else(missing)?;
    // As the container sees itself, with what is mounted inside it.
    let root = format!("/proc/{}/root", container.init.pid.get());
    let user = request.string_user;
    let find_user = move || {
        resolve::apply(&mut process, user.as_ref(), Path::new(&root))?;
        Ok(process)
    };
    let what = format!("users of container {}", container.id);
    let mut process = container.blocking.run(&what, find_user).await?;
    let serial = agent.sandbox.next_serial();
    let mark = descendants::mark(&mut process, serial);
    let ports = Ports {
        stdin: request.stdin_port,
        stdout: request.stdout_port,
        stderr: request.stderr_port,
    };
    let (draft, stdio) = Draft::open(&Wanted {
        container_id: &container.id,
        exec_id: &request.exec_id,
        process: &process,
        ports,
        pipe_size: agent.config.pipe_size,
        console: &agent.console_path(),
    })?;
    let scratch = container.bundle.join(format!("exec-{serial}"));
    let _birth = agent.crun.reaper.birth();
    let console = draft.console();
    let process = spec::process::process(&process);
    let crun = &agent.crun;
    let started = crun
        .exec(&container.id, &process, &scratch, stdio, console.as_deref())
        .await?;
    let Some(pid) = started else {
        return Err(draft.explain());
    };
    let process = draft.into_process(pid)?;
    process.mark.set(mark);
    exit::watch(agent, &process);
    Ok(process)
}

/// A program of the guest itself.
fn open_console(agent: &Rc<Agent>, request: ExecProcessRequest) -> Result<()> {
    id::check_exec(&request.exec_id)?;
    let consoles = &agent.sandbox.consoles;
    consoles.check(&request.exec_id)?;
    let wanted = request.process.unwrap_or_default();
    let _birth = agent.crun.reaper.birth();
    let console = console::open(&request.exec_id, wanted)?;
    exit::watch(agent, &console);
    consoles.add(console);
    Ok(())
}
