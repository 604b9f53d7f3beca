//! The services, by name.

pub mod agent;
pub mod extension;
pub mod health;

use std::rc::Rc;

use bytes::Bytes;
use prost::Message;

use crate::agent::Agent;
use crate::status::{Code, Result, Status};
use crate::ttrpc::body::Body;
use crate::ttrpc::message::Request;

/// Runs the call that the request names.
pub async fn call(agent: &Rc<Agent>, request: Request) -> Result<Body> {
    let (method, payload) = (request.method.as_str(), request.payload);
    match request.service.as_str() {
        "grpc.AgentService" => agent::call(agent, method, payload).await,
        "grpc.Health" => health::call(method, payload),
        "virtcontainers.Extension" => extension::call(agent, method, payload).await,
        service => Err(Status::invalid(format!("{service} service does not exist"))),
    }
}

/// Whether the call does nothing but wait or move bytes: it is dropped when its deadline passes or
/// its client leaves.
pub fn only_waits(request: &Request) -> bool {
    match request.service.as_str() {
        "grpc.AgentService" => matches!(
            request.method.as_str(),
            "GetOOMEvent" | "ReadStderr" | "ReadStdout" | "WaitProcess" | "WriteStdin"
        ),
        "virtcontainers.Extension" => {
            matches!(request.method.as_str(), "ReadOutput" | "ReadWatch")
        }
        _ => false,
    }
}

/// Whether the call uses the machine, and does not only look at it: who looks from time to time
/// keeps no machine that nobody uses.
pub fn is_use(request: &Request) -> bool {
    match request.service.as_str() {
        "grpc.AgentService" => !matches!(
            request.method.as_str(),
            "GetDiagnosticData"
                | "GetGuestDetails"
                | "GetMetrics"
                | "GetOOMEvent"
                | "GetVolumeStats"
                | "ListInterfaces"
                | "ListRoutes"
                | "SetGuestDateTime"
                | "StatsContainer"
        ),
        "virtcontainers.Extension" => !matches!(
            request.method.as_str(),
            "CloseWatch" | "ListProcesses" | "ProcessTable" | "ReadWatch"
        ),
        _ => false,
    }
}

fn decode<M: Message + Default>(payload: Bytes) -> Result<M> {
    M::decode(payload).map_err(|error| Status::invalid(format!("bad request: {error}")))
}

fn encode<M: Message>(result: Result<M>) -> Result<Body> {
    result.map(|message| Body::message(&message))
}

fn unknown(service: &str, method: &str) -> Status {
    let message = format!("{service}/{method} is not implemented");
    Status::new(Code::Unimplemented, message)
}
