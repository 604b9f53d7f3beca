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
}
