//! Which namespaces a container gets of its own, and which it shares with its sandbox.

use crate::proto::grpc::{LinuxNamespace, Spec};

/// Settles the namespaces: network and ipc are the guest's, uts too unless the container has
/// another hostname than the sandbox; pid and mount are always the container's own, or the pid
/// namespace of the process `shared_pid` where the containers share one.
pub fn settle(spec: &mut Spec, sandbox_hostname: &str, shared_pid: Option<u32>) {
    let linux = spec.linux.get_or_insert_default();
    let own_uts = !spec.hostname.is_empty() && spec.hostname != sandbox_hostname;
    linux.namespaces.retain(|namespace| {
        match (namespace.r#type.as_str(), namespace.path.is_empty()) {
            ("network" | "time" | "ipc", _) => false,
            ("uts", true) => own_uts,
            ("uts", false) => false,
            ("pid", _) => false,
            _ => true,
        }
    });
    let path = shared_pid.map(|pid| format!("/proc/{pid}/ns/pid"));
    add(&mut linux.namespaces, "pid", path.unwrap_or_default());
    add(&mut linux.namespaces, "mount", String::new());
    if own_uts {
        add(&mut linux.namespaces, "uts", String::new());
    } else {
        spec.hostname.clear();
    }
}

pub fn has(spec: &Spec, kind: &str) -> bool {
    let linux = spec.linux.as_ref();
    linux.is_some_and(|linux| linux.namespaces.iter().any(|ns| ns.r#type == kind))
}

fn add(namespaces: &mut Vec<LinuxNamespace>, kind: &str, path: String) {
    if !namespaces.iter().any(|namespace| namespace.r#type == kind) {
        namespaces.push(LinuxNamespace {
            r#type: kind.to_owned(),
            path,
        });
    }
}
