//! Kernel parameters of namespaces that the containers share: crun can't set them, so the agent
//! does, for the sandbox as a whole.

use std::fs;

use super::namespaces;
use crate::proto::grpc::Spec;
use crate::status::{Result, Status};

/// Sets those parameters and takes them out of the spec.
pub fn apply_shared(spec: &mut Spec) -> Result<()> {
    let own_uts = namespaces::has(spec, "uts");
    let Some(linux) = spec.linux.as_mut() else {
        return Ok(());
    };
    let shared: Vec<String> = linux
        .sysctl
        .keys()
        .filter(|key| is_shared(key, own_uts))
        .cloned()
        .collect();
    for key in shared {
        let value = linux.sysctl.remove(&key).unwrap_or_default();
        let path = path(&key)?;
        fs::write(&path, &value)
            .map_err(|error| Status::invalid(format!("sysctl {key}={value}: {error}")))?;
    }
    Ok(())
}

fn is_shared(key: &str, own_uts: bool) -> bool {
    let ipc = ["kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue."];
    key.starts_with("net.")
        || ipc.iter().any(|start| key.starts_with(start))
        || (!own_uts && matches!(key, "kernel.domainname" | "kernel.hostname"))
}

fn path(key: &str) -> Result<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    match key.bytes().all(plain) && !key.contains("..") {
        true => Ok(format!("/proc/sys/{}", key.replace('.', "/"))),
        false => Err(Status::invalid(format!("sysctl: {key:?} is not a name"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_are_shared() {
        assert!(is_shared("net.ipv4.ip_forward", true));
        assert!(is_shared("kernel.shmmax", true));
        assert!(is_shared("kernel.domainname", false));
        assert!(!is_shared("kernel.domainname", true));
        assert!(!is_shared("vm.overcommit_memory", false));
    }

    #[test]
    fn paths_stay_in_proc_sys() {
        assert_eq!(
            path("net.ipv4.ip_forward").unwrap(),
            "/proc/sys/net/ipv4/ip_forward"
        );
        assert!(path("net...etc").is_err());
        assert!(path("net/../../etc").is_err());
    }
}
