//! The agent: what all calls share.

use std::process::exit;
use std::rc::Rc;
use std::time::Duration;

use crate::boot::power;
use crate::cgroup::oom::OomEvents;
use crate::config::Config;
use crate::crun::Crun;
use crate::flag::Flag;
use crate::log_port::LogPort;
use crate::sandbox::Sandbox;
use crate::transport::hello::Handshake;
use crate::transport::poller::Poller;
use crate::transport::uevent::Uevents;
use crate::ttrpc::session::Session;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long the last answer may take to be sent before the end.
const LAST_ANSWER: Duration = Duration::from_secs(1);

pub struct Agent {
    pub config: Config,
    pub crun: Crun,
    pub sandbox: Sandbox,
    pub handshake: Handshake,
    pub poller: Rc<Poller>,
    /// None where the agent isn't PID 1; who waits for a device then listens by itself.
    pub uevents: Option<Rc<Uevents>>,
    pub log_port: LogPort,
    pub oom: OomEvents,
    /// Set when calls can be served.
    pub booted: Flag,
    /// Set when the sandbox is gone and the agent is to end after its answer.
    pub ending: Flag,
}

impl Agent {
    /// Ends the agent, and with it the machine, once the session's answers are out.
    pub async fn end(&self, session: &Session) {
        let _ = tokio::time::timeout(LAST_ANSWER, session.flushed()).await;
        self.stop();
    }

    pub fn stop(&self) -> ! {
        match self.config.init {
            true => power::off(),
            false => exit(0),
        }
    }
}
