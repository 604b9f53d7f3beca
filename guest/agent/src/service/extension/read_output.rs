//! ReadOutput: an output stream by offset. What was sent stays held until the client, by asking for
//! what comes after it, acknowledges it.

use std::rc::Rc;

use crate::agent::Agent;
use crate::process::hold::{Filled, MOST};
use crate::process::output::Output;
use crate::process::{Process, more};
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
    let hold = &output.hold;
    output.check_sink()?;
    let turn = output.turn.clone().lock_owned().await;
    process.touch();
    hold.acknowledge(request.offset.unwrap_or(hold.start()))?;
    let limit = MOST.min(request.len as usize);
    if limit > 0 && held(process, output, limit).await? {
        let body = hold.body(limit, turn)?.into_field(DATA);
        return Ok(body.with_number(OFFSET, hold.start()));
    }
    Ok(Body::message(&ReadOutputResponse {
        offset: hold.start(),
        eof: output.eof.is_set() && hold.is_empty(),
        ..ReadOutputResponse::default()
    }))
}

/// Waits until something is held; false if nothing will ever be.
async fn held(process: &Rc<Process>, output: &Output, limit: usize) -> Result<bool> {
    loop {
        let source = output.source();
        if source.is_none() && output.hold.is_empty() {
            output.hold.release();
            return Ok(false);
        }
        output.check_sink()?;
        let Some(source) = source.filter(|_| output.hold.is_empty()) else {
            return Ok(true);
        };
        match output.hold.fill(&source, limit)? {
            Filled::Some => {}
            Filled::Nothing => more::wait(process, output, &source).await,
            Filled::End => output.end(),
        }
    }
}
