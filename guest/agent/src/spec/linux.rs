//! config.json `linux`.

use serde_json::Value;

use super::json::Object;
use super::{devices, resources, seccomp};
use crate::proto::grpc;

pub fn linux(linux: &grpc::Linux) -> Value {
    let rdt = linux.intel_rdt.as_ref().map(|rdt| {
        Object::default()
            .text("l3CacheSchema", &rdt.l3_cache_schema)
            .build()
    });
    Object::default()
        .list("uidMappings", &linux.uid_mappings, mapping)
        .list("gidMappings", &linux.gid_mappings, mapping)
        .map("sysctl", &linux.sysctl)
        .value(
            "resources",
            linux.resources.as_ref().map(resources::resources),
        )
        .text("cgroupsPath", &linux.cgroups_path)
        .list("namespaces", &linux.namespaces, |namespace| {
            Object::default()
                .text("type", &namespace.r#type)
                .text("path", &namespace.path)
                .build()
        })
        .list("devices", &linux.devices, devices::device)
        .value("seccomp", linux.seccomp.as_ref().map(seccomp::seccomp))
        .text("rootfsPropagation", &linux.rootfs_propagation)
        .texts("maskedPaths", &linux.masked_paths)
        .texts("readonlyPaths", &linux.readonly_paths)
        .text("mountLabel", &linux.mount_label)
        .value("intelRdt", rdt)
        .build()
}

fn mapping(mapping: &grpc::LinuxIdMapping) -> Value {
    Object::default()
        .number("containerID", mapping.container_id)
        .number("hostID", mapping.host_id)
        .number("size", mapping.size)
        .build()
}
