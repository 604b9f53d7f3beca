//! What follows the end of a process.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Process, record, signal};
use crate::agent::Agent;
use crate::proto::virtcontainers::OutputSink;
use crate::service::agent::destroy_sandbox;
use crate::ttrpc::body::Body;

/// How long output may still come from what the process has left behind.
const DRAIN: Duration = Duration::from_millis(500);
/// How long an exec's entry is kept after its end, or the last answer about it, for who has not yet
/// asked for its status or output.
const KEEP: Duration = Duration::from_secs(60);

/// Ends when the process has ended and the time for its last output has passed.
pub async fn grace(process: &Process) {
    process.exit.wait().await;
    tokio::time::sleep(DRAIN).await;
}

/// Records the end of the process, tells the log, and in time forgets an exec.
pub async fn watch(
    agent: Rc<Agent>,
    process: Rc<Process>,
    end: tokio::sync::oneshot::Receiver<i32>,
) {
    let Ok(status) = end.await else {
        return;
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
        if agent.config.exit_with.as_deref() == Some(&process.container_id) {
            destroy_sandbox::clean_up(&agent).await;
            agent.ending.set();
        }
    } else {
        tokio::join!(record, expire(&agent, &process));
    }
}

/// A container ends with its init, also where that is not the first process of its pid namespace.
fn end_rest(agent: &Agent, init: &Process) {
    if let Ok(container) = agent.sandbox.container(&init.container_id)
        && !container.own_pids
        && let Err(status) = signal::kill_all(&container)
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
        agent.log_port.write(Body::raw(&record)).await;
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
            return forget(agent, process);
        }
    }
}

/// Forgets an exec that has been waited for and whose output has been read, unless its client may
/// come back for what it was given.
pub fn forget_if_done(agent: &Agent, process: &Rc<Process>) {
    if process.is_done() && !process.resumable.get() {
        forget(agent, process);
    }
}

fn forget(agent: &Agent, process: &Rc<Process>) {
    if process.container_id.is_empty() {
        agent.sandbox.consoles.forget(process);
    } else if let Ok(container) = agent.sandbox.container(&process.container_id) {
        container.forget_exec(process);
    }
}
