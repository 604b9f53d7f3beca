//! The agent's ends of a process's streams.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::output::Output;
use super::proc_dir::ProcDir;
use super::stdin::Stdin;
use super::terminal::Terminal;
use super::{Exit, Process};
use crate::async_fd::AsyncFd;
use crate::clock;
use crate::proto::virtcontainers::OutputSink;
use crate::reaper::Reaper;

pub struct Streams {
    pub stdin: Option<Rc<AsyncFd>>,
    pub stdout: Option<Rc<AsyncFd>>,
    pub stderr: Option<Rc<AsyncFd>>,
    pub terminal: Option<Rc<Terminal>>,
    pub sinks: [OutputSink; 2],
    /// The program and its arguments, as far as they are kept.
    pub args: Vec<String>,
}

impl Streams {
    /// Those of a process on a terminal that its client reads.
    pub fn of_terminal(terminal: Rc<Terminal>) -> Streams {
        Streams {
            stdin: Some(terminal.master.clone()),
            stdout: Some(terminal.master.clone()),
            stderr: None,
            terminal: Some(terminal),
            sinks: [OutputSink::Client; 2],
            args: Vec::new(),
        }
    }

    /// The process that has them, a child whose id is known now.
    pub fn into_process(
        self,
        reaper: &Reaper,
        container_id: String,
        exec_id: String,
        pid: u32,
    ) -> Rc<Process> {
        let [stdout_sink, stderr_sink] = self.sinks;
        Rc::new(Process {
            container_id,
            exec_id,
            pid,
            args: self.args,
            started_ns: clock::now_ns(),
            folder: ProcDir::of_child(reaper, pid).map(Arc::new),
            stdin: Stdin::new(self.stdin, self.terminal.is_some()),
            stdout: Output::new(self.stdout, stdout_sink),
            stderr: Output::new(self.stderr, stderr_sink),
            terminal: self.terminal,
            exit: Exit::default(),
            mark: Cell::new(None),
            waited: Cell::new(false),
            resumable: Cell::new(false),
            used: Cell::new(Instant::now()),
        })
    }
}
