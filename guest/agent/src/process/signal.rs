//! Signals to processes.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use super::{Process, descendants};
use crate::status::{Context, Result, Status};

pub const KILL: u32 = libc::SIGKILL as u32;
const TERM: u32 = libc::SIGTERM as u32;

/// Sends a signal to a process. One that has ended, or hasn't started, is left alone.
///
/// An init ignores SIGTERM unless it has asked for it, so it gets SIGKILL then. SIGKILL of an
/// exec goes to its whole process group.
pub fn send(process: &Process, number: u32) -> Result<()> {
    if process.exit.get().is_some() {
        return Ok(());
    }
    let Some(pid) = Pid::from_raw(process.pid.get().cast_signed()) else {
        return Ok(());
    };
    let init = process.exec_id.is_empty();
    let number = match number {
        TERM if init && !catches(process.pid.get(), TERM) => KILL,
        number => number,
    };
    let signal = signal(number)?;
    if !init
        && number == KILL
        && let Some(group) = own_group(pid)
    {
        let _ = rustix::process::kill_process_group(group, signal);
    }
    match rustix::process::kill_process(pid, signal) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error).context(|| format!("signal {number}")),
    }
}

/// The process group of an exec, unless it is the agent's.
fn own_group(pid: Pid) -> Option<Pid> {
    let group = rustix::process::getpgid(Some(pid)).ok()?;
    (group != rustix::process::getpgrp()).then_some(group)
}

/// Kills an exec and, unless it has ended by itself, all that it has started.
pub fn kill_exec(process: &Process) -> Result<()> {
    let ended = process.exit.get().is_some();
    send(process, KILL)?;
    if let Some(mark) = process.mark.get().filter(|_| !ended) {
        descendants::kill(mark);
    }
    Ok(())
}

fn signal(number: u32) -> Result<Signal> {
    i32::try_from(number)
        .ok()
        .filter(|n| (1..=64).contains(n))
        // SAFETY: the C library's own signals (32 and 33) are only sent, never handled here.
        .map(|n| unsafe { Signal::from_raw_unchecked(n) })
        .ok_or_else(|| Status::invalid(format!("signal: {number} is not between 1 and 64")))
}

/// Whether the process has a handler for the signal (`SigCgt` of /proc/PID/status).
fn catches(pid: u32, number: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << (number - 1)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signals_that_exist() {
        assert!(signal(1).is_ok() && signal(64).is_ok());
        assert!(signal(0).is_err() && signal(65).is_err() && signal(u32::MAX).is_err());
    }

    #[test]
    fn reads_the_mask_of_handlers() {
        assert!(!catches(std::process::id(), libc::SIGUSR2 as u32));
        assert!(!catches(0, TERM));
    }
}
