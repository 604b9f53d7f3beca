//! What follows the end of a process.

use std::rc::Rc;
use std::time::Duration;

use super::Process;
use super::record;
use crate::agent::Agent;
use crate::proto::virtcontainers::OutputSink;
use crate::service::agent::destroy_sandbox;
use crate::ttrpc::body::Body;

/// How long output may still come from what the process has left behind.
const DRAIN: Duration = Duration::from_millis(500);
/// How long an exec's entry is kept for who has not yet asked for its status or output.
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
    let log = end_record(&agent, &process, status);
    let expiry = async {
        tokio::time::sleep(KEEP).await;
        forget(&agent, &process);
    };
    if process.exec_id.is_empty() {
        log.await;
        // The machine was made for this container alone.
        if agent.config.exit_with.as_deref() == Some(&process.container_id) {
            destroy_sandbox::clean_up(&agent).await;
            agent.ending.set();
        }
    } else {
        tokio::join!(log, expiry);
    }
}

async fn end_record(agent: &Agent, process: &Process, status: i32) {
    process.stdout.eof.wait().await;
    process.stderr.eof.wait().await;
    if process.stdout.sink.get() == OutputSink::Log {
        let mut record = record::head(record::END, &process.container_id, &process.exec_id, 4);
        record.extend(status.to_le_bytes());
        agent.log_port.write(Body::raw(&record)).await;
    }
}

/// Forgets an exec that has been waited for and whose output has been read.
pub fn forget_if_done(agent: &Agent, process: &Rc<Process>) {
    if process.waited.get() && process.stdout.eof.is_set() && process.stderr.eof.is_set() {
        forget(agent, process);
    }
}

fn forget(agent: &Agent, process: &Rc<Process>) {
    if let Ok(container) = agent.sandbox.container(&process.container_id) {
        container.forget_exec(process);
    }
}
