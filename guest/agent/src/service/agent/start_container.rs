//! StartContainer: lets a created container's init go.

use std::rc::Rc;

use crate::agent::{Agent, health};
use crate::proto::grpc::StartContainerRequest;
use crate::sandbox::container::State;
use crate::status::{Result, Status};

pub async fn call(agent: &Rc<Agent>, request: StartContainerRequest) -> Result<()> {
    let id = &request.container_id;
    let container = agent.sandbox.container_or_internal(id)?;
    match container.state() {
        State::Created => {}
        State::Running => {
            return Err(Status::precondition(format!(
                "container {id} is running already"
            )));
        }
        State::Stopped => {
            return Err(Status::precondition(format!("container {id} has stopped")));
        }
    }
    container.life.started.set(true);
    let result = agent.crun.start(id, container.poststart).await;
    match &result {
        Ok(()) => health::begin(agent, &container),
        Err(_) => container.life.started.set(false),
    }
    crate::debug!("phase crun start done");
    result
}
