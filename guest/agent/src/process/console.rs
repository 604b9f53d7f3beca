//! A program of the guest itself on a terminal, for who looks for what is wrong in it.

use std::io::Error;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;

use super::Process;
use super::streams::Streams;
use super::terminal::{self, Terminal};
use crate::async_fd;
use crate::proto::grpc;
use crate::reaper::Reaper;
use crate::status::{Code, Context, Result, Status};

const SHELL: &str = "/usr/bin/sh";
const ENVIRONMENT: &[&str] = &[
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "PS1=guest# ",
];

/// Whether the guest has a shell.
pub fn is_there() -> bool {
    Path::new(SHELL).exists()
}

/// Starts the program that `wanted` names, or a shell.
pub fn open(reaper: &Rc<Reaper>, exec_id: &str, wanted: grpc::Process) -> Result<Rc<Process>> {
    let _birth = reaper.birth();
    let (master, pid) = start(&wanted)?;
    let terminal = Rc::new(Terminal {
        master: Rc::new(async_fd::watch(master).context(|| "terminal")?),
    });
    let streams = Streams::of_terminal(terminal);
    Ok(streams.into_process(reaper, String::new(), exec_id.to_owned(), pid))
}

/// Starts it on a new terminal, whose end for the agent comes with the process's id.
pub fn start(wanted: &grpc::Process) -> Result<(OwnedFd, u32)> {
    if !is_there() {
        let message = format!("console: the guest has no {SHELL}");
        return Err(Status::new(Code::Unimplemented, message));
    }
    let (master, slave) = terminal()?;
    if let Some(size) = &wanted.console_size {
        terminal::resize(&master, size.height, size.width)?;
    }
    let mut command = command(wanted);
    let stream = || slave.try_clone().context(|| "terminal");
    command.stdin(stream()?).stdout(stream()?).stderr(stream()?);
    // SAFETY: the closure makes nothing but system calls.
    unsafe { command.pre_exec(take_terminal) };
    let child = command
        .spawn()
        .context(|| format!("run {}", command.get_program().display()))?;
    Ok((master, child.id()))
}

/// A new terminal: the agent's end and the program's.
fn terminal() -> Result<(OwnedFd, OwnedFd)> {
    let what = || "terminal";
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = rustix::pty::openpt(flags).context(what)?;
    rustix::pty::unlockpt(&master).context(what)?;
    let name = rustix::pty::ptsname(&master, Vec::new()).context(what)?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = rustix::fs::open(&name, flags, Mode::empty()).context(what)?;
    Ok((master, slave))
}

fn command(wanted: &grpc::Process) -> Command {
    let program = wanted.args.first().map_or(SHELL, String::as_str);
    let mut command = Command::new(program);
    command.args(wanted.args.iter().skip(1)).env_clear();
    let own = ENVIRONMENT.iter().copied();
    let pairs = own.chain(wanted.env.iter().map(String::as_str));
    command.envs(pairs.filter_map(|pair| pair.split_once('=')));
    command.current_dir(match wanted.cwd.as_str() {
        "" => "/",
        cwd => cwd,
    });
    command
}

/// In the new process: a session of its own, with its standard input as its terminal.
fn take_terminal() -> std::io::Result<()> {
    rustix::process::setsid()?;
    // SAFETY: this ioctl takes a number.
    match unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}
