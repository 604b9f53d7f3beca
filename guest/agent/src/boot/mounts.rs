//! The file systems that every guest has.

use std::ffi::CStr;
use std::path::Path;

use rustix::mount::MountFlags;

const NOTHING_SPECIAL: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);

/// Each unless it is there: what came before this process may have mounted it.
pub fn early() {
    if !Path::new("/proc/self").exists() {
        mount("proc", "/proc", NOTHING_SPECIAL, c"");
    }
    if !Path::new("/sys/class").exists() {
        mount("sysfs", "/sys", NOTHING_SPECIAL, c"");
    }
    if !Path::new("/dev/null").exists() {
        mount("devtmpfs", "/dev", MountFlags::NOSUID, c"mode=0755");
    }
}

pub fn late() {
    for folder in ["/dev/pts", "/dev/shm"] {
        let _ = std::fs::create_dir(folder);
    }
    let devices = MountFlags::NOSUID | MountFlags::NOEXEC;
    let files = MountFlags::NOSUID | MountFlags::NODEV;
    mount(
        "devpts",
        "/dev/pts",
        devices,
        c"gid=5,mode=0620,ptmxmode=0666",
    );
    mount("tmpfs", "/dev/shm", files, c"mode=1777");
    mount("tmpfs", "/run", files, c"mode=0755");
    mount("tmpfs", "/tmp", files, c"mode=1777");
}

pub fn mount(fstype: &str, point: &str, flags: MountFlags, data: &CStr) {
    if let Err(error) = rustix::mount::mount(fstype, point, fstype, flags, data) {
        crate::warning!("mount {fstype} on {point}: {error}");
    }
}
