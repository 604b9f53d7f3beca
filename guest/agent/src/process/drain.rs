//! Empties the output streams that no client reads: into the log, or into nothing.

use std::rc::Rc;

use super::output::{Look, Output};
use super::{Process, more, record};
use crate::agent::Agent;
use crate::proto::virtcontainers::OutputSink;
use crate::ready::Ready;
use crate::status::Result;
use crate::ttrpc::body::Body;

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
        let front = match output.sink.get() {
            OutputSink::Log => record::head(stream, &process.container_id, &process.exec_id, 0),
            _ => Vec::new(),
        };
        match next(&output, &front) {
            Ok(Next::Data(mut body)) if !front.is_empty() => {
                let length = body.bytes().len() - front.len();
                record::set_length(body.bytes_mut(), length as u32);
                agent
                    .log_port
                    .write_output(body, agent.config.log_limit)
                    .await;
            }
            Ok(Next::Data(_)) => {}
            Ok(Next::Empty(source)) => more::wait(&process, &output, &source).await,
            Ok(Next::End) => break,
            Err(error) => {
                crate::warning!("{}: {error}", process.container_id);
                output.end();
            }
        }
        tokio::task::consume_budget().await;
    }
    output.draining.set(false);
}

enum Next {
    Data(Body),
    Empty(Rc<Ready>),
    End,
}

/// The next bytes behind `front`: first those that a client was sent and hasn't acknowledged.
fn next(output: &Output, front: &[u8]) -> Result<Next> {
    if !output.hold.is_empty() {
        let held = output.hold.take(record::MAX_PAYLOAD)?;
        let mut body = Body::with_capacity(front.len() + held.len());
        body.end().extend_from_slice(front);
        body.end().extend(held);
        return Ok(Next::Data(body));
    }
    let Some(source) = output.source() else {
        return Ok(Next::End);
    };
    Ok(match output.look(&source, record::MAX_PAYLOAD, front)? {
        Look::Data(body) => Next::Data(body),
        Look::Empty => Next::Empty(source),
        Look::End => {
            output.end();
            Next::End
        }
    })
}
