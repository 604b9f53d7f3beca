//! A further process in a running container: for a client, or for the agent's own ends.

use std::rc::Rc;

use super::{Agent, exit};
use crate::cgroup::pids;
use crate::crun::Started;
use crate::crun::exec::Exec;
use crate::crun::executed::Executed;
use crate::crun::inherited::Inherited;
use crate::process::draft::{Draft, Ports, Wanted};
use crate::process::{Process, descendants, signal};
use crate::proto::grpc::{self, ExecProcessRequest};
use crate::sandbox::container::{Container, State};
use crate::sandbox::execs::Start;
use crate::spec::{self, apparmor};
use crate::status::{Code, Result, Status};
use crate::user::resolve;

/// Starts what the request describes, under the id that `start` holds.
pub async fn run(
    agent: &Rc<Agent>,
    container: &Container,
    start: &Start<'_>,
    request: ExecProcessRequest,
) -> Result<Rc<Process>> {
    if container.state() != State::Running {
        let message = format!("container {} is not running", container.id);
        return Err(Status::precondition(message));
    }
    if container.life.paused.get() {
        let message = format!("container {} is paused", container.id);
        return Err(Status::precondition(message));
    }
    // The kernel lets one more join, which could start nothing itself.
    if let Some(refused) = at_limit(container, 1) {
        return Err(refused);
    }
    start_process(agent, container, start, request).await
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
    container.limits.apply(&mut process);
    apparmor::drop_unknown(&mut process);
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
    let (executed, writer) = Executed::open()?;
    let description = spec::process::process(&process);
    let scratch = container.bundle.join(format!("exec-{serial}"));
    let console = draft.console();
    let mut exec = std::pin::pin!(agent.crun.exec(
        &container.id,
        Exec {
            process: &description,
            scratch: &scratch,
            stdio,
            console: console.as_deref(),
            inherited: Inherited {
                descriptor: writer,
                mark,
                oom_score: process.oom_score_adj,
            },
        },
    ));
    let started = tokio::select! {
        biased;
        started = &mut exec => started?,
        // Before the program looks at it, as far as that can be.
        () = draft.own_terminal() => exec.await?,
    };
    if start.check().is_err() {
        // crun may have started something just before its own end.
        start.starting.kill_started().await;
    }
    let pid = match started {
        Started::Process(pid) => pid,
        Started::Failed(status) => {
            start.check()?;
            return Err(explain(container, &draft, status));
        }
    };
    // crun does not wait for what fails at last.
    executed.wait().await;
    if draft.has_said_something() && !agent.crun.reaper.has_executed(pid) {
        start.check()?;
        return Err(draft.explain(0));
    }
    let process = draft.into_process(&agent.crun.reaper, pid)?;
    process.mark.set(mark);
    exit::watch(agent, &process);
    if start.check().is_err() {
        signal::kill_exec(&process).await?;
    }
    Ok(process)
}

/// Processes of a container that crun needs to start one: itself is one of them for a moment.
const TO_START: u64 = 2;

/// Why crun failed. Where no more processes may be, it has no words for it.
fn explain(container: &Container, draft: &Draft, status: i32) -> Status {
    at_limit(container, TO_START).unwrap_or_else(|| draft.explain(status))
}

/// Why the container takes not so many processes more, if it does not.
fn at_limit(container: &Container, more: u64) -> Option<Status> {
    let folder = container.cgroup.as_deref()?;
    let limit = pids::without_room_for(more, folder)?;
    let id = &container.id;
    let message = format!(
        "container {id} is at its limit of {limit} processes, of which a command needs \
         {TO_START} to start: end some of them, or raise it"
    );
    Some(Status::new(Code::ResourceExhausted, message))
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
    container.life.blocking.run(&what, find).await
}
