//! Waits for a device that the host has just plugged in.

use std::rc::Rc;
use std::time::Duration;

use crate::status::{Context, Result, Status};
use crate::transport::uevent::Uevents;

pub struct Devices {
    /// None where the agent isn't PID 1; who waits for a device then listens by itself.
    pub uevents: Option<Rc<Uevents>>,
    /// How long a device may take to appear.
    pub limit: Duration,
}

impl Devices {
    /// What `look` finds, now or at one of the kernel's announcements before the limit.
    pub async fn wait_for<T>(
        &self,
        what: String,
        mut look: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        if let Some(found) = look() {
            return Ok(found);
        }
        let uevents = match &self.uevents {
            Some(uevents) => Rc::clone(uevents),
            None => Uevents::start().context(|| format!("wait for {what}"))?,
        };
        let found = tokio::time::timeout(self.limit, uevents.until_found(look)).await;
        found.map_err(|_| {
            let seconds = self.limit.as_secs();
            Status::internal(format!("{what} did not appear within {seconds} s"))
        })
    }
}
