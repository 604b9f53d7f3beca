//! The content of a file, which comes in pieces.

use std::os::fd::OwnedFd;

use rustix::fs::{FallocateFlags, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::entry::MAX_PIECE;
use super::place::Place;
use crate::proto::virtcontainers::PutFileRequest;

/// Whoever can change the folder could put a link or a pipe in a file's place.
pub const PLAIN: OFlags = OFlags::WRONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Writes a piece under the temporary name; gives the file when it is whole.
pub fn write(place: &Place, request: &PutFileRequest) -> rustix::io::Result<Option<OwnedFd>> {
    let flags = match request.offset {
        0 => PLAIN | OFlags::CREATE | OFlags::EXCL,
        _ => PLAIN,
    };
    let mode = Mode::RUSR | Mode::WUSR;
    let file = rustix::fs::openat(place.folder, &place.temporary, flags, mode)?;
    ordinary(&file)?;
    let end = write_all(&file, &request.data, request.offset)?;
    Ok((end >= request.size).then_some(file))
}

pub fn set_time(file: &OwnedFd, mtime_ms: i64) -> rustix::io::Result<()> {
    let time = Timespec {
        tv_sec: mtime_ms.div_euclid(1000),
        tv_nsec: mtime_ms.rem_euclid(1000) * 1_000_000,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    rustix::fs::futimens(file, &times)
}

/// Writes what stands under the temporary name over what stands under the name, which keeps its mode and
/// owner; it is left as it is where there is no room.
pub fn overwrite(place: &Place) -> rustix::io::Result<()> {
    let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let source = rustix::fs::openat(place.folder, &place.temporary, read, Mode::empty())?;
    ordinary(&source)?;
    let target = rustix::fs::openat(place.folder, place.name, PLAIN, Mode::empty())?;
    ordinary(&target)?;
    let size = rustix::fs::fstat(&source)?.st_size.cast_unsigned();
    reserve(&target, size)?;
    let mut buffer = vec![0; MAX_PIECE];
    let mut at = 0;
    loop {
        let count = match rustix::io::pread(&source, &mut buffer, at) {
            Err(Errno::INTR) => continue,
            result => result?,
        };
        match buffer.get(..count) {
            None | Some([]) => break,
            Some(data) => at = write_all(&target, data, at)?,
        }
    }
    rustix::fs::ftruncate(&target, at)
}

/// Sets aside room, so that what is written over is not left half.
pub fn reserve(file: &OwnedFd, size: u64) -> rustix::io::Result<()> {
    if size == 0 {
        return Ok(());
    }
    match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, 0, size) {
        // Not every file system can.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        result => result,
    }
}

/// Gives where it ends.
pub fn write_all(file: &OwnedFd, data: &[u8], offset: u64) -> rustix::io::Result<u64> {
    let (mut rest, mut at) = (data, offset);
    while !rest.is_empty() {
        match rustix::io::pwrite(file, rest, at) {
            Ok(0) => return Err(Errno::NOSPC),
            Ok(length) => {
                rest = rest.get(length..).unwrap_or_default();
                at += length as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(at)
}

/// EXIST if it is a device or the like.
pub fn ordinary(file: &OwnedFd) -> rustix::io::Result<()> {
    match FileType::from_raw_mode(rustix::fs::fstat(file)?.st_mode) {
        FileType::RegularFile => Ok(()),
        _ => Err(Errno::EXIST),
    }
}
