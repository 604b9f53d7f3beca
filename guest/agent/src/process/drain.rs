//! Empties the output streams that no client reads: into the log, or into nothing.

use std::rc::Rc;
use std::time::Instant;

use super::output::Output;
use super::{Process, wait};
use crate::async_fd::AsyncFd;
use crate::output_log::{OutputLog, record};
use crate::pipe::read::Read;
use crate::proto::virtcontainers::OutputSink;
use crate::status::Result;
use crate::ttrpc::body::Body;

/// Sends what the process writes to `sink` from now on.
pub fn switch(log: &Rc<OutputLog>, process: &Rc<Process>, sink: OutputSink) {
    for (output, _) in streams(process) {
        output.sink.set(sink);
        output.sink_changed.notify_waiters();
    }
    start(log, process);
}

/// Starts what empties the streams whose sink isn't the client.
pub fn start(log: &Rc<OutputLog>, process: &Rc<Process>) {
    for (output, stream) in streams(process) {
        if output.sink.get() != OutputSink::Client && !output.draining.replace(true) {
            tokio::task::spawn_local(run(log.clone(), process.clone(), output, stream));
        }
    }
}

fn streams(process: &Process) -> [(Rc<Output>, u8); 2] {
    [
        (process.stdout.clone(), record::STDOUT),
        (process.stderr.clone(), record::STDERR),
    ]
}

async fn run(log: Rc<OutputLog>, process: Rc<Process>, output: Rc<Output>, stream: u8) {
    while output.sink.get() != OutputSink::Client {
        // A client may still have bytes of the pipe to come.
        let _turn = output.turn.lock().await;
        let front = match output.sink.get() {
            OutputSink::Log => record::head(stream, &process.container_id, &process.exec_id, 0),
            _ => Vec::new(),
        };
        let found = next(&output, &front);
        if let Ok(Next::Data(_)) = found {
            log.heard.set(Some(Instant::now()));
        }
        match found {
            Ok(Next::Data(mut body)) if !front.is_empty() => {
                let length = body.bytes().len() - front.len();
                record::set_length(body.bytes_mut(), length as u32);
                log.write_output(body).await;
            }
            Ok(Next::Data(_)) => {}
            Ok(Next::Empty(source)) => wait::for_output(&process, &output, &source).await,
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
    Empty(Rc<AsyncFd>),
    End,
}

/// The next bytes behind `front`: first those that a client was sent and hasn't acknowledged.
fn next(output: &Output, front: &[u8]) -> Result<Next> {
    if !output.replay.is_empty() {
        let held = output.replay.take(record::MAX_PAYLOAD)?;
        let mut body = Body::with_capacity(front.len() + held.len());
        body.end().extend_from_slice(front);
        body.end().extend(held);
        return Ok(Next::Data(body));
    }
    let Some(source) = output.source() else {
        return Ok(Next::End);
    };
    Ok(
        match output.read_available(&source, record::MAX_PAYLOAD, front)? {
            Read::Data(body) => Next::Data(body),
            Read::Empty => Next::Empty(source),
            Read::End => {
                output.end();
                Next::End
            }
        },
    )
}
