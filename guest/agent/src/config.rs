//! What the agent was told: by the kernel's command line where it is PID 1, else by its arguments;
//! by its environment in both cases.

use std::path::PathBuf;
use std::time::Duration;

use crate::log::Level;
use crate::pipe;
use crate::transport::address::Address;

pub const USAGE: &str = "usage: virtc-agent --server-address ADDRESS [--run-dir DIR] [--crun FILE] [--log-port FILE] [--log LEVEL] [--log-address ADDRESS] [--console-address ADDRESS]

Runs the guest agent as an ordinary process, for tests; as PID 1 it takes its settings from the kernel's command line.
  --server-address ADDRESS  unix:///path, unix://@name or vsock://CID:PORT; may be given more than once
  --run-dir DIR             where the files of containers are kept [/run/kata-containers]
  --crun FILE               the crun program [/usr/bin/crun, or VIRTC_AGENT_CRUN]
  --log-port FILE           where records of output that no client reads are appended
  --log LEVEL               error, warn, info or debug [info]
  --log-address ADDRESS     where clients read the agent's log, lines of JSON
  --console-address ADDRESS where clients get a shell on a terminal
  --version                 print the version
";

/// The largest pipe that the kernel makes without being told otherwise.
const MAX_PIPE: usize = 1 << 20;

/// Without this word no port gives a shell.
const DEBUG_CONSOLE: &str = "agent.debug_console";

pub struct Config {
    /// Whether the agent is PID 1.
    pub init: bool,
    pub addresses: Vec<Address>,
    pub run_dir: PathBuf,
    pub crun: PathBuf,
    pub log_port: Option<PathBuf>,
    /// How many bytes of output the log port may get.
    pub log_limit: u64,
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
    /// The container with whose first process the machine ends.
    pub exit_with: Option<String>,
}

impl Config {
    fn new(init: bool) -> Config {
        Config {
            init,
            addresses: Vec::new(),
            run_dir: PathBuf::from("/run/kata-containers"),
            crun: PathBuf::from("/usr/bin/crun"),
            log_port: None,
            log_limit: u64::MAX,
            log: Level::Info,
            log_address: None,
            console_address: None,
            trace: false,
            hotplug_timeout: Duration::from_secs(3),
            pipe_size: pipe::SIZE,
            pause: PathBuf::from("/usr/lib/virtcontainers/container-init"),
            exit_with: None,
        }
    }

    /// For PID 1. A setting that makes no sense is told on the console and otherwise ignored: a
    /// machine that comes up can be asked, one that doesn't can't.
    pub fn from_cmdline(cmdline: &str, variable: impl Fn(&str) -> Option<String>) -> Config {
        let mut config = Config::new(true);
        for word in cmdline.split_whitespace() {
            let Some((name, value)) = word.split_once('=') else {
                continue;
            };
            let result = match name {
                "agent.log" => config.set_log(value),
                "agent.server_addr" => config.add_address(value),
                "agent.trace" => {
                    config.trace = !matches!(value, "0" | "false");
                    Ok(())
                }
                "agent.hotplug_timeout" => config.set_hotplug_timeout(value),
                "agent.log_vport" => {
                    Address::of_port(name, value).map(|port| config.log_address = Some(port))
                }
                "agent.debug_console_vport" => {
                    Address::of_port(name, value).map(|port| config.console_address = Some(port))
                }
                "virtc.log_limit" => config.set_log_limit(value),
                "agent.container_pipe_size" => config.set_pipe_size(value),
                "virtc.exit_with" => {
                    config.exit_with = Some(value.to_owned());
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(message) = result {
                crate::warning!("{message}");
            }
        }
        if !cmdline.split_whitespace().any(|word| word == DEBUG_CONSOLE) {
            config.console_address = None;
        } else if config.console_address.is_none() {
            crate::warning!("{DEBUG_CONSOLE}: agent.debug_console_vport is missing");
        }
        if let Err(message) = config.take_environment(variable) {
            crate::warning!("{message}");
        }
        if config.addresses.is_empty() {
            config.addresses.extend(Address::parse("vsock://-1:1024"));
        }
        config
    }

    /// For an ordinary process.
    pub fn from_arguments(
        arguments: impl Iterator<Item = String>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Config, String> {
        let mut config = Config::new(false);
        if let Ok(program) = std::env::current_exe() {
            config.pause = program.with_file_name("container-init");
        }
        config.take_environment(variable)?;
        let mut arguments = arguments;
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .ok_or(format!("{name}: unknown, or has no value"))?;
            match name.as_str() {
                "--server-address" => config.add_address(&value)?,
                "--run-dir" => config.run_dir = PathBuf::from(value),
                "--crun" => config.crun = PathBuf::from(value),
                "--log-port" => config.log_port = Some(PathBuf::from(value)),
                "--log" => config.set_log(&value)?,
                "--log-address" => config.log_address = Some(Address::parse(&value)?),
                "--console-address" => config.console_address = Some(Address::parse(&value)?),
                _ => return Err(format!("{name}: unknown")),
            }
        }
        if config.addresses.is_empty() {
            return Err("--server-address: missing".to_owned());
        }
        if !config.run_dir.is_absolute() {
            return Err(format!("--run-dir {:?}: must be absolute", config.run_dir));
        }
        Ok(config)
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

    fn set_log_limit(&mut self, value: &str) -> Result<(), String> {
        let wrong = |_| format!("virtc.log_limit={value}: must be a number of bytes");
        self.log_limit = value.parse().map_err(wrong)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    fn arguments(text: &str) -> Result<Config, String> {
        Config::from_arguments(text.split_whitespace().map(str::to_owned), none)
    }

    #[test]
    fn reads_the_kernel_command_line() {
        let line = "quiet agent.log=debug agent.hotplug_timeout=7 agent.server_addr=vsock://3:9 virtc.exit_with=c1 virtc.log_limit=1000\n";
        let config = Config::from_cmdline(line, none);
        assert_eq!(config.log, Level::Debug);
        assert_eq!(config.hotplug_timeout, Duration::from_secs(7));
        assert_eq!(config.exit_with.as_deref(), Some("c1"));
        assert_eq!(config.log_limit, 1000);
        assert_eq!(config.addresses, [Address::Vsock { cid: 3, port: 9 }]);
    }

    #[test]
    fn what_makes_no_sense_there_is_ignored() {
        let line = "agent.log=loud agent.hotplug_timeout=x agent.container_pipe_size=9999999";
        let config = Config::from_cmdline(line, none);
        assert_eq!((config.log, config.pipe_size), (Level::Info, 1 << 20));
        let line = "agent.container_pipe_size=65536 agent.trace=isolated";
        let config = Config::from_cmdline(line, none);
        assert_eq!((config.pipe_size, config.trace), (65_536, true));
        assert_eq!(config.addresses.len(), 1);
    }

    #[test]
    fn a_port_gives_a_shell_only_with_the_word_for_it() {
        let port = |port| {
            Some(Address::Vsock {
                cid: u32::MAX,
                port,
            })
        };
        let line = "agent.log_vport=1025 agent.debug_console_vport=1026";
        let config = Config::from_cmdline(line, none);
        assert_eq!(
            (config.log_address, config.console_address),
            (port(1025), None)
        );
        let line = "agent.debug_console agent.debug_console_vport=1026 agent.log_vport=0";
        let config = Config::from_cmdline(line, none);
        assert_eq!(
            (config.log_address, config.console_address),
            (None, port(1026))
        );
    }

    #[test]
    fn reads_arguments_and_environment() {
        let config = arguments("--server-address unix:///a --run-dir /r").unwrap();
        assert_eq!(config.addresses, [Address::Unix("/a".into())]);
        assert_eq!(config.run_dir, PathBuf::from("/r"));
        let variable =
            |name: &str| (name == "KATA_AGENT_SERVER_ADDR").then(|| "unix://@b".to_owned());
        let config = Config::from_arguments(std::iter::empty(), variable).unwrap();
        assert_eq!(config.addresses, [Address::Abstract("b".into())]);
    }

    #[test]
    fn refuses_wrong_arguments() {
        for text in [
            "",
            "--nope x",
            "--server-address",
            "--server-address tcp://x",
            "--server-address unix:///a --run-dir r",
        ] {
            assert!(arguments(text).is_err(), "{text}");
        }
    }
}
