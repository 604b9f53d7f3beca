//! The root: found, mounted and entered.

use std::ffi::CString;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::mount::MountFlags;

use crate::Result;
use crate::cmdline::Settings;

const TARGET: &str = "/root";
/// How long the disk may take to appear.
const LIMIT: Duration = Duration::from_secs(10);

pub fn mount(settings: &Settings) -> Result<()> {
    wait_for(Path::new(&settings.root))?;
    let _ = fs::create_dir(TARGET);
    let flags = match settings.read_only {
        true => MountFlags::RDONLY,
        false => MountFlags::empty(),
    };
    let data = CString::new(settings.flags.as_str()).map_err(|error| error.to_string())?;
    rustix::mount::mount(&settings.root, TARGET, &settings.fstype, flags, &*data).map_err(|error| {
        let (root, fstype) = (&settings.root, &settings.fstype);
        format!("mount root {root} ({fstype}): {error}")
    })
}

/// Makes the mounted root the root of all, with /dev, /proc and /sys in it.
pub fn enter() -> Result<()> {
    let failed = |what: &str, error: rustix::io::Errno| format!("{what}: {error}");
    for point in ["/dev", "/proc", "/sys"] {
        let target = format!("{TARGET}{point}");
        rustix::mount::mount_move(point, &target).map_err(|error| failed(&target, error))?;
    }
    for leftover in ["/init", "/modules.load"] {
        let _ = fs::remove_file(leftover);
    }
    rustix::process::chdir(TARGET).map_err(|error| failed("chdir", error))?;
    rustix::mount::mount_move(".", "/").map_err(|error| failed("move the root", error))?;
    rustix::process::chroot(".").map_err(|error| failed("chroot", error))?;
    rustix::process::chdir("/").map_err(|error| failed("chdir", error))
}

/// Waits for a device node, which appears before the kernel announces its device.
fn wait_for(node: &Path) -> Result<()> {
    if node.exists() {
        return Ok(());
    }
    let announcements = uevents().map_err(|error| format!("uevents: {error}"))?;
    let end = Instant::now() + LIMIT;
    while !node.exists() {
        let rest = end.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            let seconds = LIMIT.as_secs();
            return Err(format!(
                "{} did not appear within {seconds} s",
                node.display()
            ));
        }
        let rest = Timespec {
            tv_sec: rest.as_secs().cast_signed(),
            tv_nsec: i64::from(rest.subsec_nanos()),
        };
        let mut fds = [PollFd::new(&announcements, PollFlags::IN)];
        let _ = rustix::event::poll(&mut fds, Some(&rest));
        let mut message = [MaybeUninit::uninit(); 4096];
        let _ = rustix::io::read(&announcements, &mut message[..]);
    }
    Ok(())
}

fn uevents() -> std::io::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: a plain system call.
    let fd = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_KOBJECT_UEVENT) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: sockaddr_nl is plain data, for which all zeros is a value.
    let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
    address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
    address.nl_groups = 1;
    let length = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
    // SAFETY: the address is valid and of the given length.
    match unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) } {
        0 => Ok(socket),
        _ => Err(std::io::Error::last_os_error()),
    }
}
