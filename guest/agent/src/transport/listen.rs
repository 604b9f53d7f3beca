//! Listening sockets: unix for tests and other processes, vsock where the machine has it.

use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use rustix::io::Errno;

use super::address::Address;
use crate::async_fd;

/// Opens the listening socket; none where the kernel has no such family.
pub fn open(address: &Address) -> Result<Option<OwnedFd>> {
    match address {
        Address::Unix(path) => {
            let _ = std::fs::remove_file(path);
            UnixListener::bind(path).map(|listener| Some(listener.into()))
        }
        Address::Abstract(name) => {
            let address = SocketAddr::from_abstract_name(name)?;
            UnixListener::bind_addr(&address).map(|listener| Some(listener.into()))
        }
        Address::Vsock { cid, port } => match vsock(*cid, *port) {
            Err(error) if error.raw_os_error() == Some(libc::EAFNOSUPPORT) => Ok(None),
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => Ok(None),
            result => result.map(Some),
        },
    }
}

/// Accepts clients for ever, and gives each to `take`.
pub async fn serve(listener: OwnedFd, take: impl Fn(OwnedFd)) -> Result<()> {
    let listener = async_fd::watch(listener)?;
    loop {
        let mut guard = listener.readable().await?;
        match accept(listener.get_ref()) {
            Ok(Some(socket)) => take(socket),
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => guard.clear_ready(),
            Err(error) => {
                crate::warning!("accept: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// The next client; none if it was refused.
fn accept(listener: &OwnedFd) -> Result<Option<OwnedFd>> {
    // SAFETY: sockaddr_vm is plain data, for which all zeros is a value.
    let mut peer: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::sockaddr_vm>() as libc::socklen_t;
    // SAFETY: the address and its length are valid for writing, and the kernel cuts what doesn't fit.
    let fd = unsafe {
        libc::accept4(
            listener.as_raw_fd(),
            (&raw mut peer).cast(),
            &raw mut length,
            libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
        )
    };
    if fd < 0 {
        return match Errno::from_io_error(&Error::last_os_error()) {
            Some(Errno::INTR | Errno::CONNABORTED) => Ok(None),
            _ => Err(Error::last_os_error()),
        };
    }
    // SAFETY: the kernel has just given us this descriptor.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let family = i32::from(peer.svm_family);
    if family == libc::AF_VSOCK && peer.svm_cid != libc::VMADDR_CID_HOST {
        crate::warning!("refused a vsock client with CID {}", peer.svm_cid);
        return Ok(None);
    }
    Ok(Some(socket))
}

fn vsock(cid: u32, port: u32) -> Result<OwnedFd> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    // SAFETY: a plain system call.
    let fd = unsafe { libc::socket(libc::AF_VSOCK, kind, 0) };
    if fd < 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: sockaddr_vm is plain data, for which all zeros is a value.
    let mut address: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
    address.svm_family = libc::AF_VSOCK as libc::sa_family_t;
    address.svm_cid = cid;
    address.svm_port = port;
    let length = size_of::<libc::sockaddr_vm>() as libc::socklen_t;
    // SAFETY: the address is valid and of the given length.
    let bound = unsafe { libc::bind(fd, (&raw const address).cast(), length) };
    if bound < 0 {
        return Err(Error::last_os_error());
    }
    rustix::net::listen(&socket, 16)?;
    Ok(socket)
}
