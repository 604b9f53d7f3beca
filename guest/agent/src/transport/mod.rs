//! How bytes come in and go out: virtio-serial ports, unix sockets and vsock.

pub mod address;
pub mod discover;
pub mod hello;
pub mod io;
pub mod listen;
pub mod poller;
pub mod port;
pub mod relay;
pub mod stream;
pub mod uevent;
pub mod writer;
