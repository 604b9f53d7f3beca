//! ReadOutput: an output stream by offset. What was sent stays held until the client, by asking for
//! what comes after it, acknowledges it.

use std::rc::Rc;

use crate::agent::Agent;
use crate::process::output::Output;
use crate::process::replay_buffer::{Filled, MOST};
use crate::process::{Process, wait};
use crate::proto::virtcontainers::{OutputStream, ReadOutputRequest, ReadOutputResponse};
use crate::status::{Result, Status};
use crate::ttrpc::body::Body;

/// ReadOutputResponse.offset and .data
const OFFSET: u8 = 1;
const DATA: u8 = 2;

pub async fn call(agent: &Agent, request: ReadOutputRequest) -> Result<Body> {
    agent.sandbox.info()?;
    let sandbox = &agent.sandbox;
    let process = sandbox.process(&request.container_id, &request.exec_id)?;
    let output = match OutputStream::try_from(request.stream) {
        Ok(OutputStream::Stdout) => process.stdout.clone(),
        Ok(OutputStream::Stderr) => process.stderr.clone(),
        _ => {
            let message = format!("stream: {} is not 1 (stdout) or 2", request.stream);
            return Err(Status::invalid(message));
        }
    };
    process.resumable.set(true);
    read(&process, &output, &request).await
}

async fn read(process: &Rc<Process>, output: &Output, request: &ReadOutputRequest) -> Result<Body> {
    let replay = &output.replay;
    output.check_sink()?;
    let turn = output.turn.clone().lock_owned().await;
    process.touch();
    replay.acknowledge(request.offset.unwrap_or(replay.start()))?;
    let limit = MOST.min(request.len as usize);
    if limit > 0 && held(process, output, limit).await? {
        let body = replay.body(limit, turn)?.into_field(DATA);
        return Ok(body.with_number(OFFSET, replay.start()));
    }
    Ok(Body::message(&ReadOutputResponse {
        offset: replay.start(),
        eof: output.eof.is_set() && replay.is_empty(),
        ..ReadOutputResponse::default()
    }))
}

/// Waits until something is held; false if nothing will ever be.
async fn held(process: &Rc<Process>, output: &Output, limit: usize) -> Result<bool> {
    loop {
        let source = output.source();
        if source.is_none() && output.replay.is_empty() {
            output.replay.release();
            return Ok(false);
        }
        output.check_sink()?;
        let Some(source) = source.filter(|_| output.replay.is_empty()) else {
            return Ok(true);
        };
        match output.replay.fill(&source, limit)? {
            Filled::Some => {}
            Filled::Nothing => wait::for_output(process, output, &source).await,
            Filled::End => output.end(),
        }
    }
}
