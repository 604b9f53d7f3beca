//! Signals to processes.

use rustix::process::{Pid, Signal};

use super::{Process, descendants};
use crate::status::{Context, Result, Status};

pub const KILL: u32 = libc::SIGKILL as u32;
const TERM: u32 = libc::SIGTERM as u32;

/// Sends a signal to a process. One that has ended, or hasn't started, is left alone; 0 only asks
/// whether the process is known.
///
/// An init ignores SIGTERM unless it has asked for it, so it gets SIGKILL then. SIGKILL of an
/// exec goes to its whole process group.
pub fn send(process: &Process, number: u32) -> Result<()> {
    if number == 0 {
        return Ok(());
    }
    let init = process.exec_id.is_empty();
    let number = match number {
        TERM if init && !catches(process, TERM) => KILL,
        number => number,
    };
    let signal = signal(number)?;
    let Some(folder) = process.folder().filter(|folder| folder.is_there()) else {
        return Ok(());
    };
    // Ends are collected on this thread alone: the group is still the one of the process.
    if !init
        && number == KILL
        && let Some(group) = own_group(process.pid)
    {
        let _ = rustix::process::kill_process_group(group, signal);
    }
    folder.signal(signal).context(|| format!("signal {number}"))
}

/// The process group of an exec, unless it is the agent's.
fn own_group(pid: u32) -> Option<Pid> {
    let pid = Pid::from_raw(pid.cast_signed())?;
    let group = rustix::process::getpgid(Some(pid)).ok()?;
    (group != rustix::process::getpgrp()).then_some(group)
}

/// Kills an exec and, unless it has ended by itself, all that it has started; returns when all of it is
/// gone.
pub async fn kill_exec(process: &Process) -> Result<()> {
    let ended = process.exit.get().is_some();
    send(process, KILL)?;
    if let Some(mark) = process.mark.get().filter(|_| !ended) {
        descendants::kill(mark).ended().await;
    }
    process.exit.wait().await;
    Ok(())
}

fn signal(number: u32) -> Result<Signal> {
    i32::try_from(number)
        .ok()
        .filter(|n| (1..=64).contains(n))
        // SAFETY: the C library's own signals (32 and 33) are only sent, never handled here.
        .map(|n| unsafe { Signal::from_raw_unchecked(n) })
        .ok_or_else(|| Status::invalid(format!("signal: {number} is not between 0 and 64")))
}

/// Whether the process has a handler for the signal (`SigCgt` of /proc/PID/status).
fn catches(process: &Process, number: u32) -> bool {
    let status = process
        .folder()
        .and_then(|folder| folder.text("status", 64 << 10).ok());
    status.is_some_and(|status| mask_has(&status, number))
}

fn mask_has(status: &str, number: u32) -> bool {
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
        let status = "Name:\tx\nSigIgn:\t0000000000004000\nSigCgt:\t0000000000000001\n";
        assert!(mask_has(status, 1) && !mask_has(status, TERM));
        assert!(!mask_has("", TERM));
    }
}
