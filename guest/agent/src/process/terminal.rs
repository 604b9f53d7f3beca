//! A process's terminal: crun makes it inside the container and sends its master.

use std::fs;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use rustix::termios::Winsize;

use crate::async_fd::{self, AsyncFd};
use crate::status::{Context, Result, Status};

pub struct Terminal {
    pub master: Rc<AsyncFd>,
}

impl Terminal {
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
}

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
        Ok(Socket { path, listener })
    }

    /// What crun has sent before it ended.
    pub fn receive(&self) -> Result<Rc<Terminal>> {
        let (stream, _) = self
            .listener
            .accept()
            .context(|| "no terminal came from crun")?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut data = [0u8; 64];
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let mut slices = [IoSliceMut::new(&mut data)];
        rustix::net::recvmsg(&stream, &mut slices, &mut ancillary, flags)
            .context(|| "no terminal came from crun")?;
        let master = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        let master = master.ok_or_else(|| Status::internal("no terminal came from crun"))?;
        let master = async_fd::watch(master).context(|| "terminal")?;
        Ok(Rc::new(Terminal {
            master: Rc::new(master),
        }))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
