//! Freezes and thaws a container.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::read::table;
use crate::status::{Context, Result};
use crate::transport::poller::Poller;

/// Returns when all processes of the group have come to that state.
pub async fn set(poller: &Poller, folder: &Path, frozen: bool) -> Result<()> {
    let what = || format!("freezer of {}", folder.display());
    let wanted = u64::from(frozen);
    let events = fs::File::open(folder.join("cgroup.events")).context(what)?;
    let events = poller.add(OwnedFd::from(events)).context(what)?;
    fs::write(folder.join("cgroup.freeze"), wanted.to_string()).context(what)?;
    while table(folder, "cgroup.events").get("frozen") != Some(&wanted) {
        events.readable.notified().await;
    }
    Ok(())
}

/// Lets the group go on without waiting for it.
pub fn release(folder: &Path) {
    if let Err(error) = fs::write(folder.join("cgroup.freeze"), "0") {
        crate::debug!("freezer of {}: {error}", folder.display());
    }
}
