//! The first process of a container that runs the command as its child: it hands signals on, and reaps.

use core::ffi::CStr;

use crate::kernel;

const ALL: u64 = !0;
/// Exit codes of a shell for what can't be executed, and for what is not there.
const NOT_EXECUTABLE: usize = 126;
const NOT_FOUND: usize = 127;
const USUAL_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs the command, and ends as it does.
///
/// # Safety
/// `command` is a list of texts that end with zero bytes, and ends with a null; `environment` too.
pub unsafe fn run(command: *const usize, environment: *const usize) -> ! {
    if !kernel::block(ALL) {
        kernel::exit(1);
    }
    let child = kernel::fork();
    if child == 0 {
        kernel::lead_group();
        kernel::unblock(ALL);
        // SAFETY: as of this function.
        unsafe { become_command(command, environment) };
    }
    if child < 0 {
        kernel::say(b"init: no process can be started\n");
        kernel::exit(1);
    }
    // Who ends a container kills a first process at once that has no handler for this one.
    kernel::claim(libc::SIGTERM);
    loop {
        match kernel::wait_for(ALL) {
            libc::SIGCHLD => {
                while let Some((pid, status)) = kernel::reap() {
                    if pid == child {
                        kernel::exit(exit_code(status));
                    }
                }
            }
            // Of a group without the terminal: it is the command's.
            libc::SIGTTIN | libc::SIGTTOU => {}
            signal if signal > 0 => kernel::kill(child, signal),
            _ => {}
        }
    }
}

fn exit_code(status: i32) -> usize {
    let signal = status & 0x7f;
    match signal {
        0 => (status >> 8 & 0xff) as usize,
        signal => 128 + signal as usize,
    }
}

/// # Safety
/// As of `run`.
unsafe fn become_command(command: *const usize, environment: *const usize) -> ! {
    // SAFETY: the list has a text, or the null at its end.
    let first = unsafe { *command } as *const u8;
    if first.is_null() {
        kernel::say(b"init: there is no command\n");
        kernel::exit(NOT_FOUND);
    }
    // SAFETY: it ends with a zero byte.
    let name = unsafe { CStr::from_ptr(first.cast()) }.to_bytes();
    let mut result = -libc::ENOENT;
    if name.contains(&b'/') {
        // SAFETY: as of this function.
        result = unsafe { kernel::execute(first, command, environment) };
    } else {
        // SAFETY: as of this function.
        let path = unsafe { search_path(environment) };
        for folder in path.split(|byte| *byte == b':') {
            let mut file = [0_u8; 4096];
            if !join(&mut file, folder, name) {
                continue;
            }
            // SAFETY: the file's name ends with a zero byte; else as of this function.
            let found = unsafe { kernel::execute(file.as_ptr(), command, environment) };
            if found != -libc::ENOENT && found != -libc::ENOTDIR {
                result = found;
            }
        }
    }
    let absent = result == -libc::ENOENT || result == -libc::ENOTDIR;
    kernel::say(b"init: ");
    kernel::say(name);
    kernel::say(match absent {
        true => b": not found\n" as &[u8],
        false => b": can't be executed\n",
    });
    kernel::exit(if absent { NOT_FOUND } else { NOT_EXECUTABLE })
}

/// Where programs are looked for.
///
/// # Safety
/// As of `run`.
unsafe fn search_path<'a>(environment: *const usize) -> &'a [u8] {
    let mut at = environment;
    loop {
        // SAFETY: the list ends with a null, behind which it does not go.
        let entry = unsafe { *at } as *const u8;
        if entry.is_null() {
            return USUAL_PATH;
        }
        // SAFETY: it ends with a zero byte.
        let text = unsafe { CStr::from_ptr(entry.cast()) }.to_bytes();
        if let Some(path) = text.strip_prefix(b"PATH=") {
            return path;
        }
        // SAFETY: as above.
        at = unsafe { at.add(1) };
    }
}

/// Writes the path of a file of a folder, and a zero byte; false if there is no room.
fn join(file: &mut [u8], folder: &[u8], name: &[u8]) -> bool {
    let folder = if folder.is_empty() { b"." } else { folder };
    let parts = [folder, b"/", name, b"\0"];
    let mut bytes = parts.iter().flat_map(|part| part.iter());
    for place in file.iter_mut() {
        match bytes.next() {
            Some(byte) => *place = *byte,
            None => return true,
        }
    }
    bytes.next().is_none()
}
