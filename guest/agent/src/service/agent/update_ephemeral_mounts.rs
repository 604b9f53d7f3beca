//! UpdateEphemeralMounts: new sizes for memory file systems.

use rustix::mount::MountFlags;

use crate::agent::Agent;
use crate::proto::grpc::UpdateEphemeralMountsRequest;
use crate::status::{Context, Result, Status};
use crate::storage::options;

pub fn call(agent: &Agent, request: &UpdateEphemeralMountsRequest) -> Result<()> {
    for storage in &request.storages {
        let point = storage.mount_point.as_str();
        if storage.driver != "ephemeral" || !agent.sandbox.storages.has(point) {
            let message = format!(
                "storage {}: {point:?} is no ephemeral mount",
                storage.driver
            );
            return Err(Status::invalid(message));
        }
        let mut options = options::parse(&storage.options);
        options.take("fsgid=");
        let data = std::ffi::CString::new(options.data.join(",")).context(|| point.to_owned())?;
        let flags = options.flags.difference(MountFlags::BIND);
        rustix::mount::mount_remount(point, flags, &*data)
            .context(|| format!("mount {point} again"))?;
    }
    Ok(())
}
