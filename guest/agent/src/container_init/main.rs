//! The first process of a container that has no command of its own: it reaps
//! what is left to it and waits to be told to end. As `pause` it is the first
//! process of a pid namespace that containers share, and none of them can end it. As `init` it runs
//! the command that follows.
//!
//! It speaks to the kernel alone: a C library takes longer to start than a container's command, and
//! every container would hold its memory.

#![no_std]
#![no_main]

mod init;
mod kernel;
mod memory;

use core::panic::PanicInfo;

const PAUSE: &[u8] = b"pause\0";
const INIT: &[u8] = b"init\0";

// Where the kernel starts the program: the stack holds the number of arguments, then the arguments.
core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {main}",
    main = sym main,
);

/// # Safety
/// `stack` is what the kernel gives a new program.
unsafe extern "C" fn main(stack: *const usize) -> ! {
    // SAFETY: behind the number of arguments stand that many pointers to texts, and a null; behind it
    // the same for the environment.
    let (pause, init) = unsafe {
        let first = (*stack.add(2)) as *const u8;
        (
            *stack > 1 && is(first, PAUSE),
            *stack > 1 && is(first, INIT),
        )
    };
    if init {
        // SAFETY: as above.
        unsafe { init::run(stack.add(3), stack.add(2 + *stack)) };
    }
    let signals: &[i32] = match pause {
        true => &[libc::SIGCHLD],
        false => &[libc::SIGTERM, libc::SIGINT, libc::SIGCHLD],
    };
    let wanted = signals.iter().fold(0, |set, signal| set | bit(*signal));
    if !kernel::block(wanted) {
        kernel::exit(1);
    }
    loop {
        match kernel::wait_for(wanted) {
            libc::SIGCHLD => while kernel::reap().is_some() {},
            libc::SIGTERM | libc::SIGINT => kernel::exit(0),
            _ => {}
        }
    }
}

/// # Safety
/// `text` ends with a zero byte.
unsafe fn is(text: *const u8, word: &[u8]) -> bool {
    let mut expected = word.iter().enumerate();
    // SAFETY: it stops at the first byte that differs, the text's last one at the latest.
    expected.all(|(index, byte)| unsafe { *text.add(index) } == *byte)
}

const fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    kernel::exit(1)
}

/// Rust's own library names it, though nothing is ever unwound here.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
