//! The settings of PID 1.

use super::Config;
use crate::transport::address::Address;

/// Without this word no port gives a shell.
const DEBUG_CONSOLE: &str = "agent.debug_console";

impl Config {
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
                "agent.log_disk" => config.set_log_disk(value),
                "agent.container_pipe_size" => config.set_pipe_size(value),
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
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::LogDisk;
    use crate::device::address::DiskAddress;
    use crate::log::Level;

    fn none(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn reads_the_kernel_command_line() {
        let line = "quiet agent.log=debug agent.hotplug_timeout=7 agent.server_addr=vsock://3:9 agent.log_disk=pci/02/03\n";
        let config = Config::from_cmdline(line, none);
        assert_eq!(config.log, Level::Debug);
        assert_eq!(config.hotplug_timeout, Duration::from_secs(7));
        let disk = DiskAddress::Pci(vec![2, 3]);
        assert_eq!(config.log_disk, Some(LogDisk::Address(disk)));
        assert_eq!(config.addresses, [Address::Vsock { cid: 3, port: 9 }]);
    }

    #[test]
    fn what_makes_no_sense_there_is_ignored() {
        let line = "agent.log=loud agent.log_disk=vda agent.hotplug_timeout=x agent.container_pipe_size=9999999";
        let config = Config::from_cmdline(line, none);
        assert_eq!((config.log, config.pipe_size), (Level::Info, 1 << 20));
        // But no sandbox is made whose log would be nowhere.
        assert!(matches!(config.log_disk, Some(LogDisk::Refused(_))));
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
}
