//! Runs crun, which creates containers and starts processes in them.

pub mod create;
pub mod delete;
pub mod error;
pub mod exec;
pub mod executed;
pub mod inherited;
pub mod start;
pub mod update;

use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use inherited::Inherited;
use rustix::process::{Pid, Signal};

use crate::pipe::Stdio;
use crate::pipe::null::NullDevices;
use crate::reaper::Reaper;
use crate::status::{Context, Result, Status};

pub struct Crun {
    pub program: PathBuf,
    /// Where crun keeps the state of containers.
    pub root: PathBuf,
    /// False where cgroup v2 can't be used; limits then have no effect.
    pub cgroups: bool,
    pub reaper: Rc<Reaper>,
    pub nulls: NullDevices,
}

/// What became of a crun that was to start a process.
pub enum Started {
    /// The id of the process.
    Process(u32),
    /// The exit status of crun.
    Failed(i32),
}

impl Crun {
    /// Runs crun to its end and gives its exit status. What it starts is in a process group of its
    /// own, by which it can be killed with all that it has started; if crun fails, nothing of it
    /// stays, not what a hook has started either.
    async fn run<A: AsRef<OsStr>>(&self, arguments: &[A], stdio: Stdio) -> Result<i32> {
        self.run_inheriting(arguments, stdio, None).await
    }

    async fn run_inheriting<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        stdio: Stdio,
        inherited: Option<Inherited>,
    ) -> Result<i32> {
        let manager = match self.cgroups {
            true => "--cgroup-manager=cgroupfs",
            false => "--cgroup-manager=disabled",
        };
        let [stdin, stdout, stderr] = [
            self.stream(stdio.stdin)?,
            self.stream(stdio.stdout)?,
            self.stream(stdio.stderr)?,
        ];
        let (group, end) = {
            let mut command = Command::new(&self.program);
            command
                .env_clear()
                .arg("--root")
                .arg(&self.root)
                .arg(manager)
                .args(arguments)
                .stdin(stdin)
                .stdout(stdout)
                .stderr(stderr)
                .process_group(0);
            let mut start = || command.spawn();
            let child = match inherited {
                Some(inherited) => inherited.during(start).and_then(|started| started),
                None => start(),
            };
            let child = child.context(|| format!("run {}", self.program.display()))?;
            (child.id(), self.reaper.watch(child.id()))
        };
        let status = end.await.context(|| "crun")?.status;
        if status != 0
            && let Some(group) = Pid::from_raw(group.cast_signed())
        {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        Ok(status)
    }

    fn stream(&self, given: Option<OwnedFd>) -> Result<OwnedFd> {
        given.map_or_else(|| self.nulls.open(), Ok)
    }
}

/// Reads and removes the file that crun has written a process id to.
fn take_pid(path: &Path) -> Result<u32> {
    let text = fs::read_to_string(path).context(|| format!("read {}", path.display()))?;
    let _ = fs::remove_file(path);
    text.trim()
        .parse()
        .map_err(|_| Status::internal(format!("crun gave the process id {text:?}")))
}
