//! Which namespaces a container gets of its own, and which it shares with its sandbox.

use crate::proto::grpc::{LinuxNamespace, Spec};
use crate::status::{Result, Status};

/// By this path a spec asks for the pid namespace of the agent.
pub const AGENT_PIDS: &str = "/proc/1/ns/pid";

/// Whose processes a container sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pids {
    Own,
    /// Those of the containers which share the namespace with this path.
    Shared(String),
    /// All of the guest.
    Agent,
}

/// Settles the namespaces: network and ipc are the guest's, uts too unless the container has
/// another hostname than the sandbox; mount is always the container's own, pid as it is said.
pub fn apply(spec: &mut Spec, sandbox_hostname: &str, pids: &Pids) {
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
    match pids {
        Pids::Own => add(&mut linux.namespaces, "pid", String::new()),
        Pids::Shared(path) => add(&mut linux.namespaces, "pid", path.clone()),
        Pids::Agent => {}
    }
    add(&mut linux.namespaces, "mount", String::new());
    // It sees no groups but its own.
    add(&mut linux.namespaces, "cgroup", String::new());
    if own_uts {
        add(&mut linux.namespaces, "uts", String::new());
    } else {
        spec.hostname.clear();
    }
}

const KINDS: &[&str] = &[
    "cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts",
];

/// Refuses a namespace that the kernel does not have.
pub fn check(spec: &Spec) -> Result<()> {
    let namespaces = spec.linux.iter().flat_map(|linux| &linux.namespaces);
    match namespaces
        .map(|ns| ns.r#type.as_str())
        .find(|kind| !KINDS.contains(kind))
    {
        None => Ok(()),
        Some(kind) => Err(Status::invalid(format!(
            "OCI.Linux.Namespaces: {kind:?} is not one of {}",
            KINDS.join(", ")
        ))),
    }
}

/// Whether the container is to be in the agent's pid namespace.
pub fn wants_agent_pids(spec: &Spec) -> bool {
    let linux = spec.linux.as_ref();
    linux.is_some_and(|linux| {
        let mut namespaces = linux.namespaces.iter();
        namespaces.any(|ns| ns.r#type == "pid" && ns.path == AGENT_PIDS)
    })
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
