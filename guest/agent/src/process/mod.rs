//! A container's process: its streams, its sink, its end.

pub mod command;
pub mod console;
pub mod descendants;
pub mod draft;
pub mod drain;
pub mod output;
pub mod proc_dir;
pub mod replay_buffer;
pub mod signal;
pub mod stat;
pub mod stdin;
pub mod streams;
pub mod table;
pub mod terminal;
pub mod wait;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crate::clock;
use crate::latch::Latch;
use output::Output;
use proc_dir::ProcDir;
use stdin::Stdin;

pub struct Process {
    pub container_id: String,
    /// Empty for the container's init.
    pub exec_id: String,
    pub pid: u32,
    /// What it was started with, as far as it is kept.
    pub args: Vec<String>,
    /// When its id became known, in nanoseconds since 1970 by the guest's clock.
    pub started_ns: u64,
    /// None if its end had been collected when its id became known.
    folder: Option<Arc<ProcDir>>,
    pub terminal: Option<Rc<terminal::Terminal>>,
    pub stdin: Stdin,
    pub stdout: Rc<Output>,
    pub stderr: Rc<Output>,
    pub exit: Exit,
    /// By which all that it starts is known.
    pub mark: Cell<Option<u64>>,
    /// Whether some WaitProcess has been answered.
    pub waited: Cell<bool>,
    /// Whether its client reads by offsets, and so may come back for what it was given.
    pub resumable: Cell<bool>,
    /// When its client last had an answer about it.
    pub used: Cell<Instant>,
}

impl Process {
    /// Whether a client has been told all about it.
    pub fn is_done(&self) -> bool {
        self.waited.get() && self.stdout.eof.is_set() && self.stderr.eof.is_set()
    }

    /// Its folder in /proc, which may be that of a process that is gone.
    pub fn folder(&self) -> Option<Arc<ProcDir>> {
        self.folder.clone()
    }

    /// Says that a client has asked for it now.
    pub fn touch(&self) {
        self.used.set(Instant::now());
    }
}

/// The end of a process, known once the kernel has told it.
#[derive(Default)]
pub struct Exit {
    status: Cell<i32>,
    time_ns: Cell<u64>,
    flag: Latch,
}

impl Exit {
    pub fn set(&self, status: i32) {
        self.status.set(status);
        self.time_ns.set(clock::now_ns());
        self.flag.set();
    }

    /// When it ended, in nanoseconds since 1970 by the guest's clock; 0 before.
    pub fn time_ns(&self) -> u64 {
        self.time_ns.get()
    }

    /// The exit code, or 128 + the number of the signal that ended it.
    pub fn get(&self) -> Option<i32> {
        self.flag.is_set().then(|| self.status.get())
    }

    pub async fn wait(&self) -> i32 {
        self.flag.wait().await;
        self.status.get()
    }
}
