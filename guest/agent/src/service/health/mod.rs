//! grpc.Health: whether the agent answers, and which it is.

use bytes::Bytes;

use super::{decode, encode, unknown};
use crate::VERSION;
use crate::proto::grpc::health_check_response::ServingStatus;
use crate::proto::grpc::{CheckRequest, HealthCheckResponse, VersionCheckResponse};
use crate::status::Result;
use crate::ttrpc::body::Body;

/// The version of the agent protocol.
const PROTOCOL: &str = "0.0.1";

pub fn call(method: &str, payload: Bytes) -> Result<Body> {
    let _: CheckRequest = decode(payload)?;
    match method {
        "Check" => encode(Ok(HealthCheckResponse {
            status: ServingStatus::Serving as i32,
        })),
        "Version" => encode(Ok(VersionCheckResponse {
            grpc_version: PROTOCOL.to_owned(),
            agent_version: VERSION.to_owned(),
        })),
        _ => Err(unknown("grpc.Health", method)),
    }
}
