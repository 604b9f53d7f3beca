//! The settings of an ordinary process.

use std::path::PathBuf;

use super::{Config, LogDisk};
use crate::transport::address::Address;

pub const USAGE: &str = "usage: virtc-agent --server-address ADDRESS [--run-dir DIR] [--crun FILE] [--log-port FILE] [--log-disk FILE] [--log LEVEL] [--log-address ADDRESS] [--console-address ADDRESS]

Runs the guest agent as an ordinary process, for tests; as PID 1 it takes its settings from the kernel's command line.
  --server-address ADDRESS  unix:///path, unix://@name or vsock://CID:PORT; may be given more than once
  --run-dir DIR             where the files of containers are kept [/run/kata-containers]
  --crun FILE               the crun program [/usr/bin/crun, or VIRTC_AGENT_CRUN]
  --log-port FILE           where records of output that no client reads are appended
  --log-disk FILE           what takes the place of the disk to which they go instead
  --log LEVEL               error, warn, info or debug [info]
  --log-address ADDRESS     where clients read the agent's log, lines of JSON
  --console-address ADDRESS where clients get a shell on a terminal
  --version                 print the version
";

impl Config {
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
                "--log-disk" => config.log_disk = Some(LogDisk::File(PathBuf::from(value))),
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
