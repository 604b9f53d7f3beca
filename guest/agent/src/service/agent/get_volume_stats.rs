//! GetVolumeStats: how full a file system of the guest is.

use crate::agent::Agent;
use crate::proto::grpc::{
    Unit, VolumeCondition, VolumeStatsRequest, VolumeStatsResponse, VolumeUsage,
};
use crate::status::{Result, Status};

pub async fn call(agent: &Agent, request: VolumeStatsRequest) -> Result<VolumeStatsResponse> {
    let path = request.volume_guest_path;
    let what = format!("volume_guest_path: {path:?}");
    let blocking = &agent.sandbox.storages.blocking;
    blocking.run(&what, move || stats(&path)).await
}

fn stats(path: &str) -> Result<VolumeStatsResponse> {
    let stat = rustix::fs::statvfs(path)
        .map_err(|error| Status::invalid(format!("volume_guest_path: {path:?}: {error}")))?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    let usage = |total: u64, free: u64, available: u64, unit: Unit| VolumeUsage {
        available,
        total,
        used: total.saturating_sub(free),
        unit: unit as i32,
    };
    Ok(VolumeStatsResponse {
        usage: vec![
            usage(
                bytes(stat.f_blocks),
                bytes(stat.f_bfree),
                bytes(stat.f_bavail),
                Unit::Bytes,
            ),
            usage(stat.f_files, stat.f_ffree, stat.f_favail, Unit::Inodes),
        ],
        volume_condition: Some(VolumeCondition {
            abnormal: false,
            message: "OK".to_owned(),
        }),
    })
}
