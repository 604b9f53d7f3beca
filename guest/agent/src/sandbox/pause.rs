//! The process that holds the pid namespace which the containers of a sandbox share, so that it
//! outlives each of them.

use std::cell::RefCell;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;

use rustix::fs::OFlags;
use rustix::process::Signal;
use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use crate::process::proc_dir::ProcDir;
use crate::reaper::Reaper;
use crate::status::{Context, Result};

#[derive(Default)]
pub struct Pause {
    holder: Rc<RefCell<Option<Holder>>>,
}

struct Holder {
    folder: ProcDir,
    namespace: OwnedFd,
}

impl Pause {
    /// The path of the namespace; what holds it is started if need be. It goes by a descriptor, so
    /// that it never names the namespace of another process.
    pub fn namespace(&self, program: &Path, reaper: &Rc<Reaper>) -> Result<String> {
        if let Some(holder) = &*self.holder.borrow() {
            return Ok(path(&holder.namespace));
        }
        let _birth = reaper.birth();
        let what = || format!("run {}", program.display());
        let pid = start(program).context(what)?;
        let folder = ProcDir::open(pid).context(what)?;
        let namespace = folder.open_at("ns/pid", OFlags::RDONLY).context(what)?;
        let path = path(&namespace);
        *self.holder.borrow_mut() = Some(Holder { folder, namespace });
        let (end, holder) = (reaper.watch(pid), self.holder.clone());
        tokio::task::spawn_local(async move {
            let _ = end.await;
            crate::warning!("the shared pid namespace has ended");
            holder.borrow_mut().take();
        });
        Ok(path)
    }

    /// Ends it, and with it all that is still in the namespace.
    pub fn end(&self) {
        if let Some(holder) = &*self.holder.borrow() {
            let _ = holder.folder.signal(Signal::KILL);
        }
    }
}

fn path(namespace: &OwnedFd) -> String {
    let (agent, fd) = (std::process::id(), namespace.as_raw_fd());
    format!("/proc/{agent}/fd/{fd}")
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
