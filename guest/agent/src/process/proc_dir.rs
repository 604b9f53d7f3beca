//! A process's folder in /proc. It stands for this very process: when its id has become another's, the
//! folder answers that there is none any more.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use crate::reaper::Reaper;

#[derive(Debug)]
pub struct ProcDir(OwnedFd);

impl ProcDir {
    /// That of whichever process has the id now.
    pub fn open(pid: u32) -> rustix::io::Result<ProcDir> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(CWD, format!("/proc/{pid}"), flags, Mode::empty()).map(ProcDir)
    }

    /// That of a child whose id is known by now; none if its end has been collected. Until then the id
    /// is no other's.
    pub fn of_child(reaper: &Reaper, pid: u32) -> Option<ProcDir> {
        match reaper.ended(pid) {
            Some(_) => None,
            None => ProcDir::open(pid).ok(),
        }
    }

    /// Whether the process is there, be it as one whose end has not been collected.
    pub fn is_there(&self) -> bool {
        self.file("stat")
            .is_ok_and(|mut file| file.read(&mut [0]).is_ok_and(|length| length > 0))
    }

    /// No error if the process is gone.
    pub fn signal(&self, signal: Signal) -> rustix::io::Result<()> {
        // The kernel takes such a folder for a pidfd.
        match pidfd_send_signal(&self.0, signal) {
            Err(Errno::SRCH) => Ok(()),
            result => result,
        }
    }

    /// Opens what stands in the folder; a link at its end is followed.
    pub fn open_at(&self, name: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        rustix::fs::openat(&self.0, name, flags | OFlags::CLOEXEC, Mode::empty())
    }

    /// A file of it, at most `limit` bytes; what is not UTF-8 is replaced.
    pub fn text(&self, name: &str, limit: u64) -> std::io::Result<String> {
        let bytes = self.bytes(name, limit)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub fn bytes(&self, name: &str, limit: u64) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file(name)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn file(&self, name: &str) -> std::io::Result<File> {
        Ok(File::from(self.open_at(name, OFlags::RDONLY)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_folder_of_a_process_that_is_gone_answers_nothing() {
        let mut child = Command::new("/bin/sleep").arg("1000").spawn().unwrap();
        let folder = ProcDir::open(child.id()).unwrap();
        assert!(folder.is_there());
        assert!(folder.text("stat", 99).unwrap().contains("(sleep)"));
        assert!(folder.open_at("root", OFlags::PATH).is_ok());
        folder.signal(Signal::KILL).unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap()),
            Some(9)
        );
        assert!(!folder.is_there());
        assert!(folder.text("stat", 99).is_err());
        assert!(folder.open_at("root", OFlags::PATH).is_err());
        assert_eq!(folder.signal(Signal::KILL), Ok(()));
    }

    /// A child of this process that has the id and waits for ever. None if it can't be had: that needs rights.
    fn fork_as(pid: i32) -> Option<i32> {
        // SAFETY: plain numbers, for which all zeros are values.
        let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
        args.exit_signal = libc::SIGCHLD as u64;
        args.set_tid = std::ptr::from_ref(&pid) as u64;
        args.set_tid_size = 1;
        let size = size_of::<libc::clone_args>();
        // SAFETY: as a fork, after which the child does nothing but wait.
        unsafe {
            match libc::syscall(libc::SYS_clone3, &raw mut args, size) {
                0 => loop {
                    libc::pause();
                },
                child => i32::try_from(child).ok().filter(|child| *child > 0),
            }
        }
    }

    #[test]
    fn a_folder_stands_for_its_process_though_another_has_the_id() {
        let mut child = Command::new("/bin/sleep").arg("1000").spawn().unwrap();
        let pid = child.id();
        let folder = ProcDir::open(pid).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let root = rustix::process::geteuid().is_root();
        let Some(other) = fork_as(pid.cast_signed()) else {
            assert!(!root, "root can choose the id of a process");
            return;
        };
        assert!(ProcDir::open(pid).unwrap().is_there());
        assert!(!folder.is_there());
        assert!(folder.text("stat", 99).is_err());
        assert!(folder.open_at("root", OFlags::PATH).is_err());
        assert_eq!(folder.signal(Signal::KILL), Ok(()));
        // SAFETY: plain calls about a child of this process.
        unsafe {
            let mut status = 0;
            assert_eq!(libc::waitpid(other, &raw mut status, libc::WNOHANG), 0);
            libc::kill(other, libc::SIGKILL);
            assert_eq!(libc::waitpid(other, &raw mut status, 0), other);
        }
    }
}
