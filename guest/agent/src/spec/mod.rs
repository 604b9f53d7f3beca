//! From the agent protocol's OCI messages to the JSON of the OCI runtime specification,
//! <https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config.md>.
//!
//! The protocol can't tell an absent number from 0 or an absent text from an empty one; both are
//! left out, but where 0 is what absence means anyway.

pub mod apparmor;
pub mod compiled_filter;
pub mod devices;
pub mod guest_hooks;
pub mod hooks;
pub mod json;
pub mod limits;
pub mod linux;
pub mod mounts;
pub mod namespaces;
pub mod process;
pub mod propagation;
pub mod resources;
pub mod seccomp;
pub mod sysctl;

use serde_json::Value;

use crate::proto::grpc;
use json::Object;

/// The whole of config.json.
pub fn config(spec: &grpc::Spec) -> Value {
    let version = match spec.version.as_str() {
        "" => "1.0.2",
        version => version,
    };
    let root = spec.root.as_ref().map(|root| {
        Object::default()
            .text("path", &root.path)
            .flag("readonly", root.readonly)
            .build()
    });
    Object::default()
        .text("ociVersion", version)
        .value("process", spec.process.as_ref().map(process::process))
        .value("root", root)
        .text("hostname", &spec.hostname)
        .list("mounts", &spec.mounts, mounts::mount)
        .value("hooks", spec.hooks.as_ref().map(hooks::hooks))
        .map("annotations", &spec.annotations)
        .value("linux", spec.linux.as_ref().map(linux::linux))
        .build()
}

#[cfg(test)]
mod tests;
