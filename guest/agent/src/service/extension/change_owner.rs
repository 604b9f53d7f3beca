//! ChangeOwner: gives a guest that has no sandbox yet to another owner.

use crate::agent::Agent;
use crate::proto::virtcontainers::ChangeOwnerRequest;
use crate::status::{Result, Status};
use crate::transport::hello::Token;

pub fn call(agent: &Agent, request: &ChangeOwnerRequest) -> Result<()> {
    let token: Token = request.token[..]
        .try_into()
        .map_err(|_| Status::invalid("token: must have 16 bytes"))?;
    if agent.sandbox.info().is_ok() {
        let message = "the guest has a sandbox, and stays with its owner";
        return Err(Status::precondition(message));
    }
    agent
        .handshake
        .change_token(token)
        .map_err(Status::precondition)?;
    crate::debug!("phase new owner");
    Ok(())
}
