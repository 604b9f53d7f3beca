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

/// Has the signal taken for one that this process handles; it has to be blocked, since there is no
/// handler that could run.
pub fn claim(signal: i32) {
    // As the kernel has it: handler, flags, restorer, mask.
    let action: [usize; 4] = [usize::MAX, 0, 0, 0];
    let place = ptr::from_ref(&action).addr();
    call(libc::SYS_rt_sigaction, [signal as usize, place, 0, SET]);
}

/// Signals of the set do what they do again.
pub fn unblock(set: u64) {
    let how = libc::SIG_UNBLOCK as usize;
    call(libc::SYS_rt_sigprocmask, [how, address(&set), 0, SET]);
}

/// Takes a child away that has ended: its pid, and its status as wait(2) has it.
pub fn reap() -> Option<(i32, i32)> {
    let any = -1_isize as usize;
    let mut status: i32 = 0;
    let place = ptr::from_mut(&mut status).addr();
    let pid = call(libc::SYS_wait4, [any, place, libc::WNOHANG as usize, 0]) as i32;
    (pid > 0).then_some((pid, status))
}

/// 0 in the child; its pid, or a negative error, in the parent.
pub fn fork() -> i32 {
    call(libc::SYS_fork, [0; 4]) as i32
}

pub fn kill(pid: i32, signal: i32) {
    call(libc::SYS_kill, [pid as usize, signal as usize, 0, 0]);
}

/// Makes this process the leader of a group of its own, which has the terminal if there is one.
pub fn lead_group() {
    call(libc::SYS_setpgid, [0; 4]);
    let group = call(libc::SYS_getpid, [0; 4]) as i32;
    let place = ptr::from_ref(&group).addr();
    call(libc::SYS_ioctl, [0, libc::TIOCSPGRP as usize, place, 0]);
}

/// Becomes another program; comes back with a negative error alone.
///
/// # Safety
/// `path` is a text that ends with a zero byte; the lists are of such, and end with a null.
pub unsafe fn execute(path: *const u8, arguments: *const usize, environment: *const usize) -> i32 {
    let call_with = [path.addr(), arguments.addr(), environment.addr(), 0];
    call(libc::SYS_execve, call_with) as i32
}

pub fn say(text: &[u8]) {
    call(libc::SYS_write, [2, text.as_ptr().addr(), text.len(), 0]);
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
    // SAFETY: these calls read and write no memory of this program but what their callers hold.
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
