//! The first process of a container that has no command of its own: it reaps
//! what is left to it and waits to be told to end. As `pause` it is the first
//! process of a pid namespace that containers share, and none of them can end it.

use std::process::ExitCode;

fn main() -> ExitCode {
    let pause = std::env::args().nth(1).as_deref() == Some("pause");
    let wanted = match pause {
        true => &[libc::SIGCHLD][..],
        false => &[libc::SIGTERM, libc::SIGINT, libc::SIGCHLD],
    };
    // SAFETY: sigset_t is plain data that sigemptyset fills in.
    let mut signals: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `signals` outlives the calls, and blocking signals in the only thread is sound.
    let blocked = unsafe {
        libc::sigemptyset(&raw mut signals);
        for signal in wanted {
            libc::sigaddset(&raw mut signals, *signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const signals, std::ptr::null_mut())
    };
    if blocked != 0 {
        return ExitCode::FAILURE;
    }
    loop {
        // SAFETY: a null pointer for what is not asked about is allowed.
        match unsafe { libc::sigwaitinfo(&raw const signals, std::ptr::null_mut()) } {
            libc::SIGCHLD => reap(),
            libc::SIGTERM | libc::SIGINT => return ExitCode::SUCCESS,
            _ => {}
        }
    }
}

fn reap() {
    // SAFETY: a null pointer for the status is allowed.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
}
