//! The kernel's announcements of devices. What waits for a device looks for it again at each one.

use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::rc::Rc;

use tokio::sync::Notify;

use crate::async_fd::{self, AsyncFd};

const GROUP_KERNEL: u32 = 1;

pub struct Uevents {
    happened: Notify,
}

impl Uevents {
    /// Listens from now on.
    pub fn start() -> Result<Rc<Uevents>> {
        let socket = async_fd::watch_reading(open()?)?;
        let uevents = Rc::new(Uevents {
            happened: Notify::new(),
        });
        tokio::task::spawn_local(run(socket, uevents.clone()));
        Ok(uevents)
    }

    /// Looks with `look` now and after each announcement, until it finds something.
    pub async fn until_found<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            let happened = self.happened.notified();
            if let Some(found) = look() {
                return found;
            }
            happened.await;
        }
    }

    /// Waits for the next announcement.
    pub async fn next(&self) {
        self.happened.notified().await;
    }
}

async fn run(socket: AsyncFd, uevents: Rc<Uevents>) {
    let mut message = [0u8; 4096];
    while let Ok(mut guard) = socket.readable().await {
        match rustix::io::read(socket.get_ref(), &mut message) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => guard.clear_ready(),
            // Overflow of the socket's buffer tells of changes too.
            _ => uevents.happened.notify_waiters(),
        }
    }
}

fn open() -> Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: a plain system call.
    let fd = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_KOBJECT_UEVENT) };
    if fd < 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: sockaddr_nl is plain data, for which all zeros is a value.
    let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
    address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
    address.nl_groups = GROUP_KERNEL;
    let length = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
    // SAFETY: the address is valid and of the given length.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    if bound < 0 {
        return Err(Error::last_os_error());
    }
    Ok(socket)
}
