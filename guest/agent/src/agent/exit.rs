//! What follows the end of a process.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Agent, destroy};
use crate::output_log::record;
use crate::process::{Process, drain};
use crate::proto::virtcontainers::OutputSink;
use crate::reaper::End;
use crate::ttrpc::body::Body;

/// How long an exec's entry is kept after its end, or the last answer about it, for who has not yet
/// asked for its status or output.
const KEEP: Duration = Duration::from_secs(60);

/// The exit code of a shell for what can't be executed.
const NOT_EXECUTABLE: i32 = 126;

/// Watches a process that is there from now on, and empties the streams that no client reads.
pub fn watch(agent: &Rc<Agent>, process: &Rc<Process>) {
    let end = agent.crun.reaper.watch(process.pid);
    tokio::task::spawn_local(follow(agent.clone(), process.clone(), end));
    drain::start(&agent.output_log, process);
}

/// Records the end of the process, tells the log, and in time forgets an exec.
async fn follow(agent: Rc<Agent>, process: Rc<Process>, end: oneshot::Receiver<End>) {
    let Ok(end) = end.await else {
        return;
    };
    let status = match end {
        // crun has told why on its standard error, which is the process's.
        End {
            status: 1,
            executed: false,
        } => NOT_EXECUTABLE,
        End { status, .. } => status,
    };
    process.exit.set(status);
    process.stdin.close();
    crate::debug!(
        "phase exit {}/{} with {status}",
        process.container_id,
        process.exec_id
    );
    let record = end_record(&agent, &process, status);
    if process.exec_id.is_empty() {
        end_rest(&agent, &process);
        record.await;
        // The machine was made for this container alone.
        if agent.sandbox.exits_with(&process.container_id) {
            destroy::destroy_sandbox(&agent).await;
            agent.end().await;
        }
    } else {
        tokio::join!(record, expire(&agent, &process));
    }
}

/// A container ends with its init, also where that is not the first process of its pid namespace.
fn end_rest(agent: &Agent, init: &Process) {
    if let Ok(container) = agent.sandbox.container(&init.container_id)
        && !container.own_pids
        && let Err(status) = container.kill_all()
    {
        crate::warning!("end of container {}: {status}", container.id);
    }
}

/// Tells the log of the end: for every container, and for an exec whose output goes there.
async fn end_record(agent: &Agent, process: &Process, status: i32) {
    let mut wanted = process.exec_id.is_empty() && !process.container_id.is_empty();
    for output in [&process.stdout, &process.stderr] {
        // It is the last record of what the process has written.
        while output.sink.get() == OutputSink::Log && !output.eof.is_set() {
            wanted = true;
            tokio::select! {
                () = output.eof.wait() => {}
                () = output.sink_changed.notified() => {}
            }
        }
        wanted |= output.sink.get() == OutputSink::Log;
    }
    if wanted {
        let mut record = record::head(record::END, &process.container_id, &process.exec_id, 4);
        record.extend(status.to_le_bytes());
        agent.output_log.write(Body::raw(&record)).await;
    }
}

/// Forgets an exec when no client has asked for it for long.
async fn expire(agent: &Agent, process: &Rc<Process>) {
    process.touch();
    loop {
        let end = process.used.get() + KEEP;
        tokio::time::sleep_until(end.into()).await;
        // An answer may be on its way for as long as its client reads slowly.
        let outputs = [&process.stdout, &process.stderr];
        if outputs.iter().any(|output| output.turn.try_lock().is_err()) {
            process.touch();
        }
        if process.used.get() + KEEP <= Instant::now() {
            return agent.sandbox.forget(process);
        }
    }
}
