//! What the agent was told: by the kernel's command line where it is PID 1, else by its arguments;
//! by its environment in both cases. What belongs to one sandbox is not among it: a machine may be made
//! before it is known whose it will be.

pub mod arguments;
pub mod cmdline;

use std::path::PathBuf;
use std::time::Duration;

use crate::device::address::DiskAddress;
use crate::device::wait::Devices;
use crate::log::Level;
use crate::pipe;
use crate::status::{Result as Answer, Status};
use crate::transport::address::Address;

/// The largest pipe that the kernel makes without being told otherwise.
const MAX_PIPE: usize = 1 << 20;

/// Where the log of containers is a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogDisk {
    Address(DiskAddress),
    /// For tests: a file that is like one.
    File(PathBuf),
    /// Nowhere, for this reason: no sandbox can be made then.
    Refused(String),
}

impl LogDisk {
    /// Its node, waited for until it is there.
    pub async fn node(&self, devices: &Devices) -> Answer<PathBuf> {
        match self {
            LogDisk::Address(address) => address.node(devices).await,
            LogDisk::File(path) => Ok(path.clone()),
            LogDisk::Refused(reason) => Err(Status::invalid(reason.clone())),
        }
    }
}

pub struct Config {
    /// Whether the agent is PID 1.
    pub init: bool,
    pub addresses: Vec<Address>,
    pub run_dir: PathBuf,
    pub crun: PathBuf,
    /// Where records of output are appended, in the place of a port.
    pub log_port: Option<PathBuf>,
    /// The disk to which they go instead.
    pub log_disk: Option<LogDisk>,
    pub log: Level,
    /// Where clients read the agent's log.
    pub log_address: Option<Address>,
    /// Where clients get a shell of the guest.
    pub console_address: Option<Address>,
    /// Whether the console tells how long each call took, at any level but error and warn.
    pub trace: bool,
    /// How long a device may take to appear.
    pub hotplug_timeout: Duration,
    /// How much of a process's output waits in its pipe, in bytes.
    pub pipe_size: usize,
    /// The program that holds the pid namespace which containers share.
    pub pause: PathBuf,
}

impl Config {
    fn new(init: bool) -> Config {
        Config {
            init,
            addresses: Vec::new(),
            run_dir: PathBuf::from("/run/kata-containers"),
            crun: PathBuf::from("/usr/bin/crun"),
            log_port: None,
            log_disk: None,
            log: Level::Info,
            log_address: None,
            console_address: None,
            trace: false,
            hotplug_timeout: Duration::from_secs(3),
            pipe_size: pipe::SIZE,
            pause: PathBuf::from("/usr/lib/virtcontainers/container-init"),
        }
    }

    fn take_environment(
        &mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(), String> {
        if let Some(value) = variable("VIRTC_AGENT_CRUN") {
            self.crun = PathBuf::from(value);
        }
        if let Some(value) = variable("KATA_AGENT_LOG_LEVEL") {
            self.set_log(&value)?;
        }
        match variable("KATA_AGENT_SERVER_ADDR") {
            Some(value) => self.add_address(&value),
            None => Ok(()),
        }
    }

    fn add_address(&mut self, value: &str) -> Result<(), String> {
        self.addresses.push(Address::parse(value)?);
        Ok(())
    }

    fn set_log(&mut self, value: &str) -> Result<(), String> {
        let wrong = || format!("log level {value:?}: must be error, warn, info or debug");
        self.log = Level::parse(value).ok_or_else(wrong)?;
        Ok(())
    }

    fn set_log_disk(&mut self, value: &str) -> Result<(), String> {
        match DiskAddress::parse(value) {
            Ok(address) => {
                self.log_disk = Some(LogDisk::Address(address));
                Ok(())
            }
            Err(status) => {
                let reason = format!("agent.log_disk: {status}");
                self.log_disk = Some(LogDisk::Refused(reason.clone()));
                Err(reason)
            }
        }
    }

    /// The kernel makes it a power of two of pages; 0 stands for the agent's own choice.
    fn set_pipe_size(&mut self, value: &str) -> Result<(), String> {
        let wrong = || format!("agent.container_pipe_size={value}: must be 0 to {MAX_PIPE} bytes");
        let size: usize = value.parse().map_err(|_| wrong())?;
        match size {
            0 => {}
            1..=MAX_PIPE => self.pipe_size = size,
            _ => return Err(wrong()),
        }
        Ok(())
    }

    fn set_hotplug_timeout(&mut self, value: &str) -> Result<(), String> {
        let wrong = |_| format!("agent.hotplug_timeout={value}: must be a number of seconds");
        self.hotplug_timeout = Duration::from_secs(value.parse().map_err(wrong)?);
        Ok(())
    }
}
