//! A process's terminal: crun makes it inside the container and sends its master.

use std::cell::RefCell;
use std::fs;
use std::io::{ErrorKind, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::Uid;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use crate::async_fd::{self, AsyncFd};
use crate::status::{Context, Result, Status};

pub struct Terminal {
    pub master: Rc<AsyncFd>,
}

impl Terminal {
    /// Gives it to a user; its group stays that of terminals.
    pub fn set_owner(&self, uid: u32) -> Result<()> {
        let what = || "owner of the terminal";
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = self.master.get_ref();
        let slave = rustix::pty::ioctl_tiocgptpeer(master, flags).context(what)?;
        rustix::fs::fchown(&slave, Some(Uid::from_raw(uid)), None).context(what)
    }

    pub fn resize(&self, rows: u32, columns: u32) -> Result<()> {
        resize(self.master.get_ref(), rows, columns)
    }
}

pub fn resize(terminal: &OwnedFd, rows: u32, columns: u32) -> Result<()> {
    let side = |field: &str, value: u32| {
        u16::try_from(value)
            .map_err(|_| Status::invalid(format!("{field}: {value} is more than 65535")))
    };
    let size = Winsize {
        ws_row: side("row", rows)?,
        ws_col: side("column", columns)?,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    rustix::termios::tcsetwinsize(terminal, size).context(|| "resize")
}

/// The socket on which crun gives the terminal's master.
pub struct Socket {
    pub path: PathBuf,
    listener: UnixListener,
    /// On which it comes; who waited for it may have been called off.
    accepted: RefCell<Option<UnixStream>>,
    received: RefCell<Option<Rc<Terminal>>>,
}

const MISSING: &str = "no terminal came from crun";

impl Socket {
    pub fn open(path: &Path) -> Result<Socket> {
        let path = path.to_owned();
        let folder = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder).context(|| format!("create {}", folder.display()))?;
        let listener =
            UnixListener::bind(&path).context(|| format!("socket {}", path.display()))?;
        listener
            .set_nonblocking(true)
            .context(|| "console socket")?;
        Ok(Socket {
            path,
            listener,
            accepted: RefCell::default(),
            received: RefCell::default(),
        })
    }

    /// What crun has sent before it ended.
    pub fn receive(&self) -> Result<Rc<Terminal>> {
        if let Some(terminal) = &*self.received.borrow() {
            return Ok(terminal.clone());
        }
        if self.accepted.borrow().is_none() {
            self.accept().context(|| MISSING)?;
        }
        self.keep()
    }

    /// Waits for what crun sends.
    pub async fn received(&self) -> Result<Rc<Terminal>> {
        let listener = self.listener.try_clone().context(|| MISSING)?;
        let listener = async_fd::watch_reading(listener.into()).context(|| MISSING)?;
        let watched = loop {
            let mut ready = listener.readable().await.context(|| MISSING)?;
            match self.accept() {
                Ok(stream) => break stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) => return Err(error).context(|| MISSING),
            }
        };
        let watched = async_fd::watch_reading(watched.into()).context(|| MISSING)?;
        let _ = watched.readable().await;
        self.keep()
    }

    fn accept(&self) -> std::io::Result<UnixStream> {
        let (stream, _) = self.listener.accept()?;
        let other = stream.try_clone()?;
        *self.accepted.borrow_mut() = Some(stream);
        Ok(other)
    }

    fn keep(&self) -> Result<Rc<Terminal>> {
        let accepted = self.accepted.borrow();
        let stream = accepted.as_ref().ok_or_else(|| Status::internal(MISSING))?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut data = [0u8; 64];
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let mut slices = [IoSliceMut::new(&mut data)];
        rustix::net::recvmsg(stream, &mut slices, &mut ancillary, flags).context(|| MISSING)?;
        let master = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        let master = master.ok_or_else(|| Status::internal(MISSING))?;
        let master = async_fd::watch(master).context(|| "terminal")?;
        let terminal = Rc::new(Terminal {
            master: Rc::new(master),
        });
        *self.received.borrow_mut() = Some(terminal.clone());
        Ok(terminal)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::IoSlice;
    use std::os::fd::AsFd;

    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

    fn send(stream: &UnixStream, fd: &OwnedFd) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let fds = [fd.as_fd()];
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&fds)));
        let data = [IoSlice::new(b"x")];
        sendmsg(stream, &data, &mut ancillary, SendFlags::empty()).unwrap();
    }

    #[test]
    fn a_terminal_is_not_lost_with_who_waited_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let socket = Socket::open(&folder.path().join("socket")).unwrap();
            let crun = UnixStream::connect(&socket.path).unwrap();
            tokio::select! {
                biased;
                _ = socket.received() => panic!("nothing was sent"),
                () = async {
                    while socket.accepted.borrow().is_none() {
                        tokio::task::yield_now().await;
                    }
                } => {}
            }
            let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
            send(&crun, &master);
            assert!(socket.receive().is_ok());
        });
    }
}
