//! Empties the output streams that no client reads: into the log, or into nothing.

use std::rc::Rc;

use super::Process;
use super::output::{Look, Output};
use super::record;
use crate::agent::Agent;
use crate::proto::virtcontainers::OutputSink;
use crate::ready::Ready;

/// Sends what the process writes to `sink` from now on.
pub fn switch(agent: &Rc<Agent>, process: &Rc<Process>, sink: OutputSink) {
    for (output, _) in streams(process) {
        output.sink.set(sink);
        output.sink_changed.notify_waiters();
    }
    start(agent, process);
}

/// Starts what empties the streams whose sink isn't the client.
pub fn start(agent: &Rc<Agent>, process: &Rc<Process>) {
    for (output, stream) in streams(process) {
        if output.sink.get() != OutputSink::Client && !output.draining.replace(true) {
            tokio::task::spawn_local(run(agent.clone(), process.clone(), output, stream));
        }
    }
}

fn streams(process: &Process) -> [(Rc<Output>, u8); 2] {
    [
        (process.stdout.clone(), record::STDOUT),
        (process.stderr.clone(), record::STDERR),
    ]
}

async fn run(agent: Rc<Agent>, process: Rc<Process>, output: Rc<Output>, stream: u8) {
    while output.sink.get() != OutputSink::Client {
        // A client may still have bytes of the pipe to come.
        let _turn = output.turn.lock().await;
        let Some(source) = output.source() else {
            break;
        };
        let front = match output.sink.get() {
            OutputSink::Log => record::head(stream, &process.container_id, &process.exec_id, 0),
            _ => Vec::new(),
        };
        match Output::look(&source, record::MAX_PAYLOAD, &front) {
            Ok(Look::Data(mut body)) if !front.is_empty() => {
                let length = body.bytes().len() - front.len();
                record::set_length(body.bytes_mut(), length as u32);
                agent
                    .log_port
                    .write_output(body, agent.config.log_limit)
                    .await;
            }
            Ok(Look::Data(_)) => {}
            Ok(Look::Empty) => wait(&process, &output, &source).await,
            Ok(Look::End) => output.end(),
            Err(error) => {
                crate::warning!("{}: {error}", process.container_id);
                output.end();
            }
        }
        tokio::task::consume_budget().await;
    }
    output.draining.set(false);
}

/// Waits for more bytes, for another sink, or for the time after the process's end by which its
/// output is taken to be complete.
async fn wait(process: &Process, output: &Output, source: &Ready) {
    tokio::select! {
        biased;
        guard = source.readable() => if let Ok(mut guard) = guard {
            guard.clear_ready();
        },
        () = output.sink_changed.notified() => {}
        () = super::finish::grace(process) => output.end(),
    }
}
