//! The end of the machine.

use rustix::system::RebootCommand;

/// Writes back all data and powers the machine off.
pub fn off() -> ! {
    rustix::fs::sync();
    if let Err(error) = rustix::system::reboot(RebootCommand::PowerOff) {
        crate::warning!("power off: {error}");
    }
    // With no one to power it off, the end of PID 1 makes the kernel panic, which ends it too.
    std::process::exit(1)
}

/// Has a defect of the agent end the machine: without its agent it can't be used or stopped.
pub fn off_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        crate::log::console(&format!("virtc-agent: {panic}; powering off\n"));
        off();
    }));
}
