//! ReadStdout and ReadStderr: as much as is there, once something is; nothing at the end.

use std::rc::Rc;

use crate::agent::Agent;
use crate::process::output::{MAX_READ, Output, Taken};
use crate::process::{Process, wait};
use crate::proto::grpc::ReadStreamRequest;
use crate::status::Result;
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
    let sandbox = &agent.sandbox;
    sandbox.process(&request.container_id, &request.exec_id)
}

async fn read(agent: &Agent, process: &Rc<Process>, output: &Output, len: u32) -> Result<Body> {
    if len == 0 {
        return Ok(Body::with_capacity(0));
    }
    let limit = MAX_READ.min(len as usize);
    output.check_sink()?;
    let mut turn = output.turn.clone().lock_owned().await;
    process.touch();
    if !output.replay.is_empty() {
        output.check_sink()?;
        let held = output.replay.take(limit)?;
        let mut body = Body::with_capacity(held.len());
        body.end().extend(held);
        return Ok(body.into_field(DATA));
    }
    while let Some(source) = output.source() {
        output.check_sink()?;
        match output.take(source.clone(), limit, turn)? {
            Taken::Data(body) => return Ok(body.into_field(DATA)),
            Taken::Empty(same) => turn = same,
            Taken::End => {
                output.end();
                break;
            }
        }
        wait::for_output(process, output, &source).await;
    }
    agent.sandbox.forget_if_done(process);
    Ok(Body::with_capacity(0))
}
