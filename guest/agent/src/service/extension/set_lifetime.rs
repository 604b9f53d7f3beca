//! SetLifetime: when the machine ends by itself.

use std::time::Duration;

use crate::agent::Agent;
use crate::proto::virtcontainers::Lifetime;
use crate::status::Result;

pub fn call(agent: &Agent, request: Lifetime) -> Result<()> {
    let time = |ms: u64| (ms > 0).then(|| Duration::from_millis(ms));
    let (timeout, idle) = (time(request.timeout_ms), time(request.idle_timeout_ms));
    agent.sandbox.lifetime.set(timeout, idle);
    Ok(())
}
