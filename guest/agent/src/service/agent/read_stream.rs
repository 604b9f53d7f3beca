//! ReadStdout and ReadStderr: as much as is there, once something is; nothing at the end.

use std::rc::Rc;

use crate::agent::Agent;
use crate::process::output::{MAX_READ, Output, Taken};
use crate::process::{Process, finish};
use crate::proto::grpc::ReadStreamRequest;
use crate::proto::virtcontainers::OutputSink;
use crate::ready::Ready;
use crate::status::{Result, Status};
use crate::ttrpc::body::Body;

/// ReadStreamResponse.data
const DATA: u8 = 1;

pub async fn stdout(agent: &Agent, request: ReadStreamRequest) -> Result<Body> {
    let process = find(agent, &request)?;
    let output = process.stdout.clone();
    read(agent, &process, &output, request.len).await
}

pub async fn stderr(agent: &Agent, request: ReadStreamRequest) -> Result<Body> {
    let process = find(agent, &request)?;
    let output = process.stderr.clone();
    read(agent, &process, &output, request.len).await
}

fn find(agent: &Agent, request: &ReadStreamRequest) -> Result<Rc<Process>> {
    let container = agent.sandbox.container(&request.container_id)?;
    container.process(&request.exec_id)
}

async fn read(agent: &Agent, process: &Rc<Process>, output: &Output, len: u32) -> Result<Body> {
    if len == 0 {
        return Err(Status::invalid("len: must not be 0"));
    }
    let limit = MAX_READ.min(len as usize);
    let mut turn = output.turn.clone().lock_owned().await;
    while let Some(source) = output.source() {
        if output.sink.get() != OutputSink::Client {
            return Err(Status::precondition("the output goes to another sink"));
        }
        match Output::take(source.clone(), limit, turn)? {
            Taken::Data(body) => return Ok(body.into_field(DATA)),
            Taken::Empty(same) => turn = same,
            Taken::End => {
                output.end();
                break;
            }
        }
        wait(process, output, &source).await;
    }
    finish::forget_if_done(agent, process);
    Ok(Body::with_capacity(0))
}

/// Waits for bytes, for the sink to change, or for the time by which no more will come.
async fn wait(process: &Process, output: &Output, source: &Ready) {
    tokio::select! {
        biased;
        guard = source.readable() => if let Ok(mut guard) = guard {
            guard.clear_ready();
        },
        () = output.sink_changed.notified() => {}
        () = output.eof.wait() => {}
        () = finish::grace(process) => output.end(),
    }
}
