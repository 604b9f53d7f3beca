//! SetOutput: where the output of a process goes from now on.

use std::rc::Rc;

use crate::agent::Agent;
use crate::process::drain;
use crate::proto::virtcontainers::{OutputSink, SetOutputRequest};
use crate::status::{Result, Status};

pub fn call(agent: &Rc<Agent>, request: &SetOutputRequest) -> Result<()> {
    agent.sandbox.info()?;
    let sandbox = &agent.sandbox;
    let process = sandbox.process(&request.container_id, &request.exec_id)?;
    let sink = OutputSink::try_from(request.sink)
        .map_err(|_| Status::invalid(format!("sink: {} is not 0, 1 or 2", request.sink)))?;
    drain::switch(&agent.output_log, &process, sink);
    Ok(())
}
