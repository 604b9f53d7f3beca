//! The system calls that it makes.

use core::arch::asm;
use core::ptr;

/// Bytes of a set of signals.
const SET: usize = size_of::<u64>();

/// Signals of the set wait from now on, instead of doing what they do; false if that failed.
pub fn block(set: u64) -> bool {
    let how = libc::SIG_BLOCK as usize;
    call(libc::SYS_rt_sigprocmask, [how, address(&set), 0, SET]) == 0
}

/// The signal of the set that came, or a negative error.
pub fn wait_for(set: u64) -> i32 {
    call(libc::SYS_rt_sigtimedwait, [address(&set), 0, 0, SET]) as i32
}

/// Whether a child had ended and was taken away.
pub fn reap() -> bool {
    let any = -1_isize as usize;
    call(libc::SYS_wait4, [any, 0, libc::WNOHANG as usize, 0]) > 0
}

pub fn exit(status: usize) -> ! {
    loop {
        call(libc::SYS_exit_group, [status, 0, 0, 0]);
    }
}

fn address(set: &u64) -> usize {
    ptr::from_ref(set).addr()
}

fn call(number: libc::c_long, [first, second, third, fourth]: [usize; 4]) -> isize {
    let result: isize;
    // SAFETY: these calls write to no memory of this program, and read the sets that its callers hold.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") fourth,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}
