//! The process that holds the pid namespace which the containers of a sandbox share, so that it
//! outlives each of them.

use std::cell::Cell;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;

use rustix::process::{Pid, Signal};
use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use crate::reaper::Reaper;
use crate::status::{Context, Result};

#[derive(Default)]
pub struct Pause {
    /// 0: there is none.
    pid: Rc<Cell<u32>>,
}

impl Pause {
    /// Its process id; it is started if need be.
    pub fn pid(&self, program: &Path, reaper: &Rc<Reaper>) -> Result<u32> {
        if self.pid.get() != 0 {
            return Ok(self.pid.get());
        }
        let _birth = reaper.birth();
        let pid = start(program).context(|| format!("run {}", program.display()))?;
        self.pid.set(pid);
        let (end, known) = (reaper.watch(pid), self.pid.clone());
        tokio::task::spawn_local(async move {
            let _ = end.await;
            crate::warning!("the shared pid namespace has ended");
            known.set(0);
        });
        Ok(pid)
    }

    /// Ends it, and with it all that is still in the namespace.
    pub fn end(&self) {
        if let Some(pid) = Pid::from_raw(self.pid.get().cast_signed()) {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
}

/// Starts the program as the first process of a new pid namespace.
fn start(program: &Path) -> std::io::Result<u32> {
    let own = File::open("/proc/self/ns/pid")?;
    // SAFETY: it affects nothing but where the next child is born.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWPID) }?;
    let child = Command::new(program)
        .arg("pause")
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let kind = Some(LinkNameSpaceType::ProcessID);
    rustix::thread::move_into_link_name_space(own.as_fd(), kind)?;
    Ok(child?.id())
}
