//! StatsContainer: resources used by a container, and the network of the sandbox.

use std::fs;

use crate::agent::Agent;
use crate::cgroup::stats;
use crate::proto::grpc::{NetworkStats, StatsContainerRequest, StatsContainerResponse};
use crate::status::Result;

pub fn call(agent: &Agent, request: &StatsContainerRequest) -> Result<StatsContainerResponse> {
    let container = agent.sandbox.container(&request.container_id)?;
    let network = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    Ok(StatsContainerResponse {
        cgroup_stats: container.cgroup.as_deref().map(stats::of),
        network_stats: network.lines().filter_map(interface).collect(),
    })
}

/// A line of /proc/net/dev.
fn interface(line: &str) -> Option<NetworkStats> {
    let (name, numbers) = line.split_once(':')?;
    let numbers: Vec<u64> = numbers
        .split_whitespace()
        .map_while(|number| number.parse().ok())
        .collect();
    let get = |place: usize| numbers.get(place).copied();
    Some(NetworkStats {
        name: name.trim().to_owned(),
        rx_bytes: get(0)?,
        rx_packets: get(1)?,
        rx_errors: get(2)?,
        rx_dropped: get(3)?,
        tx_bytes: get(8)?,
        tx_packets: get(9)?,
        tx_errors: get(10)?,
        tx_dropped: get(11)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line() {
        let line = "  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0";
        let stats = interface(line).unwrap();
        assert_eq!(
            (stats.name.as_str(), stats.rx_bytes, stats.tx_dropped),
            ("eth0", 1, 8)
        );
        assert_eq!(interface(" face |bytes packets"), None);
        assert_eq!(interface("x: 1 2"), None);
    }
}
