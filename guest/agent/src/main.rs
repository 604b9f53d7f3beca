//! The program: PID 1 of a guest, or an ordinary process for tests.

use std::process::ExitCode;

use virtc_agent::VERSION;
use virtc_agent::config::Config;
use virtc_agent::config::arguments::USAGE;
use virtc_agent::{boot, log, server};

fn main() -> ExitCode {
    let variable = |name: &str| std::env::var(name).ok();
    let config = if std::process::id() == 1 {
        starting();
        boot::early();
        let cmdline = std::fs::read_to_string("/proc/cmdline").unwrap_or_default();
        Config::from_cmdline(&cmdline, variable)
    } else {
        match std::env::args().nth(1).as_deref() {
            Some("--version") => {
                println!("virtc-agent {VERSION}");
                return ExitCode::SUCCESS;
            }
            Some("--help" | "-h") => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            _ => {}
        }
        match Config::from_arguments(std::env::args().skip(1), variable) {
            Ok(config) => config,
            Err(message) => {
                eprint!("virtc-agent: {message}\n{USAGE}");
                return ExitCode::from(2);
            }
        }
    };
    if !config.init {
        starting();
    }
    log::set_level(config.log);
    if config.log_address.is_some() {
        log::tail::start();
    }
    match server::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(status) => {
            log::console(&format!("virtc-agent: {status}\n"));
            if std::process::id() == 1 {
                boot::power::off();
            }
            ExitCode::FAILURE
        }
    }
}

/// The first line, by which the time of the boot is known.
fn starting() {
    log::console(&format!("virtc-agent {VERSION} starting\n"));
}
