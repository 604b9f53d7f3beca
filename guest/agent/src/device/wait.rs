//! Waits for a device that the host has just plugged in.

use std::rc::Rc;

use crate::agent::Agent;
use crate::status::{Context, Result, Status};
use crate::transport::uevent::Uevents;

/// What `look` finds, now or at one of the kernel's announcements before agent.hotplug_timeout.
pub async fn until<T>(
    agent: &Agent,
    what: String,
    mut look: impl FnMut() -> Option<T>,
) -> Result<T> {
    if let Some(found) = look() {
        return Ok(found);
    }
    let uevents = match &agent.uevents {
        Some(uevents) => Rc::clone(uevents),
        None => Uevents::start().context(|| format!("wait for {what}"))?,
    };
    let limit = agent.config.hotplug_timeout;
    let found = tokio::time::timeout(limit, uevents.until_found(look)).await;
    found.map_err(|_| {
        Status::internal(format!(
            "{what} did not appear within {} s",
            limit.as_secs()
        ))
    })
}
