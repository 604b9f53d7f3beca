//! config.json `linux.resources`.

use serde_json::Value;

use super::devices;
use super::json::Object;
use crate::proto::grpc;

pub fn resources(resources: &grpc::LinuxResources) -> Value {
    Object::default()
        .list("devices", &resources.devices, devices::rule)
        .value("memory", resources.memory.as_ref().map(memory))
        .value("cpu", resources.cpu.as_ref().map(cpu))
        .value("pids", resources.pids.as_ref().and_then(pids))
        .value("blockIO", resources.block_io.as_ref().map(block_io))
        .list("hugepageLimits", &resources.hugepage_limits, |limit| {
            Object::default()
                .text("pageSize", &limit.pagesize)
                .number("limit", limit.limit)
                .build()
        })
        .value("network", resources.network.as_ref().and_then(network))
        .build()
}

fn memory(memory: &grpc::LinuxMemory) -> Value {
    Object::default()
        .nonzero("limit", memory.limit)
        .nonzero("reservation", memory.reservation)
        .nonzero("swap", memory.swap)
        .nonzero("kernel", memory.kernel)
        .nonzero("kernelTCP", memory.kernel_tcp)
        .nonzero("swappiness", memory.swappiness)
        .flag("disableOOMKiller", memory.disable_oom_killer)
        .build()
}

fn cpu(cpu: &grpc::LinuxCpu) -> Value {
    Object::default()
        .nonzero("shares", cpu.shares)
        .nonzero("quota", cpu.quota)
        .nonzero("period", cpu.period)
        .nonzero("realtimeRuntime", cpu.realtime_runtime)
        .nonzero("realtimePeriod", cpu.realtime_period)
        .text("cpus", &cpu.cpus)
        .text("mems", &cpu.mems)
        .build()
}

fn pids(pids: &grpc::LinuxPids) -> Option<Value> {
    (pids.limit != 0).then(|| Object::default().number("limit", pids.limit).build())
}

fn block_io(io: &grpc::LinuxBlockIo) -> Value {
    Object::default()
        .nonzero("weight", io.weight)
        .nonzero("leafWeight", io.leaf_weight)
        .list("weightDevice", &io.weight_device, |device| {
            Object::default()
                .number("major", device.major)
                .number("minor", device.minor)
                .nonzero("weight", device.weight)
                .nonzero("leafWeight", device.leaf_weight)
                .build()
        })
        .list("throttleReadBpsDevice", &io.throttle_read_bps_device, rate)
        .list(
            "throttleWriteBpsDevice",
            &io.throttle_write_bps_device,
            rate,
        )
        .list(
            "throttleReadIOPSDevice",
            &io.throttle_read_iops_device,
            rate,
        )
        .list(
            "throttleWriteIOPSDevice",
            &io.throttle_write_iops_device,
            rate,
        )
        .build()
}

fn rate(device: &grpc::LinuxThrottleDevice) -> Value {
    Object::default()
        .number("major", device.major)
        .number("minor", device.minor)
        .number("rate", device.rate)
        .build()
}

/// All zeros are as absent.
fn network(network: &grpc::LinuxNetwork) -> Option<Value> {
    let empty = network.class_id == 0 && network.priorities.is_empty();
    let value = Object::default()
        .nonzero("classID", network.class_id)
        .list("priorities", &network.priorities, |priority| {
            Object::default()
                .text("name", &priority.name)
                .number("priority", priority.priority)
                .build()
        })
        .build();
    (!empty).then_some(value)
}
