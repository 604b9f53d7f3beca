//! ResizeVolume: lets a file system take up more of its disk, while it is mounted.

use std::io::Error;
use std::os::fd::AsRawFd;

use rustix::fs::{Mode, OFlags, StatFs};

use crate::agent::Agent;
use crate::proto::grpc::ResizeVolumeRequest;
use crate::status::{Code, Context, Result, Status};

/// `_IOW('f', 16, __u64)` of ext4: the new number of blocks.
const EXT4_IOC_RESIZE_FS: libc::Ioctl = 0x4008_6610;

const NAMES: &[(i64, &str)] = &[
    (0xef53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x0102_1994, "tmpfs"),
    (0x794c_7630, "overlay"),
    (0xe0f5_e1e2, "erofs"),
    (0x6573_5546, "fuse"),
    (0x0102_1997, "9p"),
    (0x9123_683e, "btrfs"),
];

pub async fn call(agent: &Agent, request: ResizeVolumeRequest) -> Result<()> {
    let what = format!("volume_guest_path: {:?}", request.volume_guest_path);
    let blocking = &agent.sandbox.storages.blocking;
    blocking.run(&what, move || resize(&request)).await
}

fn resize(request: &ResizeVolumeRequest) -> Result<()> {
    let path = &request.volume_guest_path;
    let wrong =
        |error: rustix::io::Errno| Status::invalid(format!("volume_guest_path: {path:?}: {error}"));
    // What stands there may be of a container's making: nothing that opens slowly or with effects.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(path.as_str(), flags, Mode::empty()).map_err(wrong)?;
    let stat = rustix::fs::fstatfs(&folder).map_err(wrong)?;
    let name = name(&stat);
    if name != "ext4" {
        let message = format!("volume_guest_path: {path:?} is on {name}, which can't be resized");
        return Err(Status::new(Code::Unimplemented, message));
    }
    let blocks = blocks(request.size, &stat)?;
    // SAFETY: the ioctl reads the number, which outlives the call.
    match unsafe { libc::ioctl(folder.as_raw_fd(), EXT4_IOC_RESIZE_FS, &raw const blocks) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()).context(|| format!("resize {path} to {blocks} blocks")),
    }
}

/// A mounted ext4 can grow and not shrink.
fn blocks(size: u64, stat: &StatFs) -> Result<u64> {
    let blocks = size / stat.f_bsize.cast_unsigned().max(1);
    if blocks < stat.f_blocks {
        return Err(Status::invalid(format!(
            "size: {size} bytes are less than the volume has; it can only grow"
        )));
    }
    Ok(blocks)
}

fn name(stat: &StatFs) -> String {
    let known = NAMES.iter().find(|(magic, _)| *magic == stat.f_type);
    known.map_or_else(
        || format!("file system {:#x}", stat.f_type),
        |(_, name)| (*name).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_file_system_that_cannot_be_resized() {
        let request = |path: &str| ResizeVolumeRequest {
            volume_guest_path: path.to_owned(),
            size: 1 << 40,
        };
        let status = resize(&request("/proc")).unwrap_err();
        assert_eq!(status.code, Code::Unimplemented);
        assert!(status.message.contains("file system 0x9fa0"), "{status}");
        assert_eq!(
            resize(&request("/none")).unwrap_err().code,
            Code::InvalidArgument
        );
    }

    #[test]
    fn a_smaller_size_is_refused() {
        let stat = rustix::fs::statfs("/").unwrap();
        assert!(blocks(4096, &stat).is_err());
        assert!(blocks(u64::MAX, &stat).is_ok());
    }
}
