//! StatsContainer: resources used by a container, and the network of the sandbox.

use super::network::link_counters;
use crate::agent::Agent;
use crate::cgroup::stats;
use crate::proto::grpc::{StatsContainerRequest, StatsContainerResponse};
use crate::status::Result;

pub fn call(agent: &Agent, request: &StatsContainerRequest) -> Result<StatsContainerResponse> {
    let container = agent.sandbox.container(&request.container_id)?;
    Ok(StatsContainerResponse {
        cgroup_stats: container.cgroup.as_deref().map(stats::of),
        network_stats: link_counters()?,
    })
}
