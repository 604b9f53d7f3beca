//! ExecProcess: a further process in a running container.

use std::rc::Rc;

use crate::agent::{Agent, exit};
use crate::crun::Prepare;
use crate::crun::exec::Exec;
use crate::id;
use crate::process::draft::{Draft, Ports, Wanted};
use crate::process::{Process, console, descendants, signal};
use crate::proto::grpc::{self, ExecProcessRequest};
use crate::sandbox::container::{Container, State};
use crate::sandbox::execs::Start;
use crate::spec;
use crate::status::{Result, Status};
use crate::user::resolve;

pub async fn call(agent: &Rc<Agent>, request: ExecProcessRequest) -> Result<()> {
    if request.container_id.is_empty() {
        return open_console(agent, request);
    }
    let container = agent.sandbox.container_or_internal(&request.container_id)?;
    id::check_exec(&request.exec_id)?;
    let start = container.start_exec(&request.exec_id)?;
    if container.state() != State::Running {
        let message = format!("container {} is not running", container.id);
        return Err(Status::precondition(message));
    }
    if container.paused.get() {
        let message = format!("container {} is paused", container.id);
        return Err(Status::precondition(message));
    }
    let process = start_process(agent, &container, &start, request).await?;
    start.finish(process);
    Ok(())
}

async fn start_process(
    agent: &Rc<Agent>,
    container: &Container,
    start: &Start<'_>,
    mut request: ExecProcessRequest,
) -> Result<Rc<Process>> {
    let missing = || Status::invalid("process: missing");
    let process = request.process.take().ok_or_else(missing)?;
    let killed = start.starting.killed.wait();
    let mut process = tokio::select! {
        biased;
        () = killed => return Err(start.cancelled()),
        process = find_user(container, process, &request) => process?,
    };
    let serial = agent.sandbox.next_serial();
    let mark = descendants::mark(&mut process, serial);
    let (draft, stdio) = Draft::open(&Wanted {
        container_id: &container.id,
        exec_id: &request.exec_id,
        process: &process,
        ports: Ports {
            stdin: request.stdin_port,
            stdout: request.stdout_port,
            stderr: request.stderr_port,
        },
        pipe_size: agent.config.pipe_size,
        console: &agent.console_path(),
    })?;
    let _birth = agent.crun.reaper.birth();
    start.starting.mark.set(mark);
    let crun = &agent.crun;
    let started = crun
        .exec(
            &container.id,
            Exec {
                process: &spec::process::process(&process),
                scratch: &container.bundle.join(format!("exec-{serial}")),
                stdio,
                console: draft.console().as_deref(),
                prepare: mark
                    .map(|mark| -> Prepare { Box::new(move || descendants::mark_self(mark)) }),
            },
        )
        .await?;
    if start.check().is_err() {
        // crun may have started something just before its own end.
        start.starting.kill_started().await;
    }
    let Some(pid) = started else {
        start.check()?;
        return Err(draft.explain());
    };
    let process = draft.into_process(&agent.crun.reaper, pid)?;
    process.mark.set(mark);
    exit::watch(agent, &process);
    if start.check().is_err() {
        signal::kill_exec(&process).await?;
    }
    Ok(process)
}

/// Names are looked up as the container sees itself, with what is mounted inside it.
async fn find_user(
    container: &Container,
    mut process: grpc::Process,
    request: &ExecProcessRequest,
) -> Result<grpc::Process> {
    let (root, user) = (container.live_root_opener(), request.string_user.clone());
    let find = move || {
        resolve::apply(&mut process, user.as_ref(), &root()?)?;
        Ok(process)
    };
    let what = format!("users of container {}", container.id);
    container.blocking.run(&what, find).await
}

/// A program of the guest itself.
fn open_console(agent: &Rc<Agent>, request: ExecProcessRequest) -> Result<()> {
    id::check_exec(&request.exec_id)?;
    let start = agent.sandbox.consoles.start(&request.exec_id)?;
    let wanted = request.process.unwrap_or_default();
    let console = console::open(&agent.crun.reaper, &request.exec_id, wanted)?;
    exit::watch(agent, &console);
    start.finish(console);
    Ok(())
}
