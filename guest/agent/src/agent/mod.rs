//! The agent: what all calls share.

pub mod destroy;
pub mod exec;
pub mod exit;
pub mod health;
pub mod lifetime;

use std::path::PathBuf;
use std::process;
use std::rc::Rc;
use std::time::Duration;

use crate::boot::power;
use crate::cgroup::oom::OomEvents;
use crate::config::Config;
use crate::crun::Crun;
use crate::device::wait::Devices;
use crate::latch::Latch;
use crate::output_log::OutputLog;
use crate::sandbox::Sandbox;
use crate::sandbox::oom::Watch;
use crate::transport::hello::Handshake;
use crate::transport::poller::Poller;
use crate::ttrpc::session::Sessions;

/// How long the last answers may take to be sent before the end.
const LAST_ANSWER: Duration = Duration::from_secs(1);

pub struct Agent {
    pub config: Config,
    pub crun: Crun,
    pub sandbox: Sandbox,
    pub handshake: Handshake,
    pub sessions: Sessions,
    pub poller: Rc<Poller>,
    pub devices: Rc<Devices>,
    pub output_log: Rc<OutputLog>,
    pub oom: Rc<OomEvents>,
    /// Set when calls can be served.
    pub booted: Latch,
    /// Set when the sandbox is gone and the agent is to end after its answer.
    pub ending: Latch,
}

impl Agent {
    /// What watches a container for want of memory.
    pub fn oom_watch(&self) -> Watch {
        Watch {
            poller: self.poller.clone(),
            events: self.oom.clone(),
            log: self.output_log.clone(),
        }
    }

    /// A path for the socket on which crun gives a terminal.
    pub fn console_path(&self) -> PathBuf {
        let serial = self.sandbox.next_serial().to_string();
        self.config.run_dir.join(".console").join(serial)
    }

    /// Ends the agent, and with it the machine, once all answers and records are out.
    pub async fn end(&self) {
        let last = async {
            self.output_log.flushed().await;
            self.sessions.flushed().await;
        };
        let _ = tokio::time::timeout(LAST_ANSWER, last).await;
        self.stop();
    }

    pub fn stop(&self) -> ! {
        match self.config.init {
            true => power::off(),
            false => process::exit(0),
        }
    }
}
