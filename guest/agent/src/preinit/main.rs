//! The init of the initramfs: loads the modules without which the root can't be reached, mounts
//! the root and hands over to the init there.

mod cmdline;
mod load;
mod root;

use std::convert::Infallible;
use std::ffi::CString;
use std::fs;
use std::path::Path;

use rustix::mount::MountFlags;
use rustix::system::RebootCommand;

use cmdline::Settings;

type Result<T> = std::result::Result<T, String>;

fn main() {
    say("virtc-preinit starting\n");
    let Err(message) = boot();
    say(&format!("virtc-preinit: {message}; powering off\n"));
    let _ = rustix::system::reboot(RebootCommand::PowerOff);
}

fn boot() -> Result<Infallible> {
    mount("devtmpfs", "/dev", c"mode=0755")?;
    mount("proc", "/proc", c"")?;
    mount("sysfs", "/sys", c"")?;
    let text =
        fs::read_to_string("/proc/cmdline").map_err(|error| format!("/proc/cmdline: {error}"))?;
    let settings = Settings::parse(&text)?;
    load::all(Path::new("/modules.load"))?;
    root::mount(&settings)?;
    root::enter()?;
    exec(&settings.init)
}

fn mount(fstype: &str, point: &str, data: &std::ffi::CStr) -> Result<()> {
    let _ = fs::create_dir(point);
    rustix::mount::mount(fstype, point, fstype, MountFlags::NOSUID, data)
        .map_err(|error| format!("mount {fstype} on {point}: {error}"))
}

fn exec(init: &str) -> Result<Infallible> {
    let path = CString::new(init).map_err(|error| format!("init={init}: {error}"))?;
    let arguments = [path.as_ptr(), std::ptr::null()];
    let environment = [
        c"PATH=/usr/bin:/usr/sbin:/bin:/sbin".as_ptr(),
        std::ptr::null(),
    ];
    // SAFETY: the path is a C string, and both lists hold C strings and end with null.
    unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    Err(format!("exec {init}: {}", std::io::Error::last_os_error()))
}

/// A console that can't be written to is nobody's fault.
fn say(line: &str) {
    let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
}
