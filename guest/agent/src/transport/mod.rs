//! How bytes come in and go out: virtio-serial ports, unix sockets and vsock.

pub mod address;
pub mod hello;
pub mod io;
pub mod listen;
pub mod poller;
pub mod uevent;
