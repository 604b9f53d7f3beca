//! ReseedRandomDev: fresh randomness for a guest that is the copy of another.

use std::fs::OpenOptions;
use std::io::{Error, Write};
use std::os::fd::AsRawFd;

use crate::proto::grpc::ReseedRandomDevRequest;
use crate::status::{Context, Result, Status};

/// `_IO('R', 0x07)` of linux/random.h
const RNDRESEEDCRNG: libc::Ioctl = 0x5207;

pub fn call(request: ReseedRandomDevRequest) -> Result<()> {
    if request.data.is_empty() {
        return Err(Status::invalid("data: empty"));
    }
    let mut device = OpenOptions::new()
        .write(true)
        .open("/dev/urandom")
        .context(|| "open /dev/urandom")?;
    device
        .write_all(&request.data)
        .context(|| "write /dev/urandom")?;
    // SAFETY: this ioctl takes no argument.
    match unsafe { libc::ioctl(device.as_raw_fd(), RNDRESEEDCRNG) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()).context(|| "reseed"),
    }
}
