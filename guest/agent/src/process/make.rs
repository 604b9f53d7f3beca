//! Makes a process: its streams, then itself once crun has started it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use super::output::{self, Look, Output};
use super::stdin::Stdin;
use super::stdio::{self, Ends};
use super::terminal::{Socket, Terminal};
use super::{Exit, Process, drain, finish};
use crate::agent::Agent;
use crate::crun::{Stdio, error};
use crate::proto::grpc;
use crate::proto::virtcontainers::OutputSink;
use crate::ready::Ready;
use crate::status::{Result, Status};

/// The `*_port` fields of a request.
#[derive(Clone, Copy)]
pub struct Ports {
    pub stdin: u32,
    pub stdout: u32,
    pub stderr: u32,
}

/// A process that crun is about to start.
pub struct Draft {
    container_id: String,
    exec_id: String,
    program: String,
    cwd: String,
    stdin: bool,
    sinks: [OutputSink; 2],
    ends: Ends,
    socket: Option<Socket>,
}

impl Draft {
    /// Opens the streams. Gives crun's ends with it.
    pub fn open(
        agent: &Agent,
        container_id: &str,
        exec_id: &str,
        process: &grpc::Process,
        ports: Ports,
    ) -> Result<(Draft, Stdio)> {
        let stdin = stdio::wants_stdin(ports.stdin)?;
        let sinks = [
            output::sink_of_port("stdout_port", ports.stdout)?,
            output::sink_of_port("stderr_port", ports.stderr)?,
        ];
        if process.args.is_empty() {
            return Err(Status::invalid("process.args: empty"));
        }
        let (ends, mut stdio) = stdio::pipes(stdin && !process.terminal, agent.config.pipe_size)?;
        let socket = match process.terminal {
            false => None,
            true => {
                // crun's own messages still come through the pipe.
                stdio.stdout = None;
                let folder = agent.config.run_dir.join(".console");
                Some(Socket::open(&folder, agent.sandbox.next_serial())?)
            }
        };
        let draft = Draft {
            container_id: container_id.to_owned(),
            exec_id: exec_id.to_owned(),
            program: process.args.first().cloned().unwrap_or_default(),
            cwd: process.cwd.clone(),
            stdin,
            sinks,
            ends,
            socket,
        };
        Ok((draft, stdio))
    }

    /// The socket to which crun is to send the terminal.
    pub fn console(&self) -> Option<PathBuf> {
        let path = |socket: &Socket| Path::to_owned(&socket.path);
        self.socket.as_ref().map(path)
    }

    /// Why crun failed, from what it said.
    pub fn explain(&self) -> Status {
        let said = match output::look(&self.ends.stderr, 64 << 10, &[]) {
            Ok(Look::Data(body)) => String::from_utf8_lossy(body.bytes()).into_owned(),
            _ => String::new(),
        };
        error::explain(&said, &self.program, &self.cwd)
    }

    /// The process, now that crun has told its id.
    pub fn into_process(self, agent: &Rc<Agent>, pid: u32) -> Result<Rc<Process>> {
        let terminal: Option<Rc<Terminal>> = match &self.socket {
            Some(socket) => Some(socket.receive()?),
            None => None,
        };
        let (stdin, stdout, stderr) = match &terminal {
            Some(terminal) => (
                self.stdin.then(|| terminal.master.clone()),
                Some(terminal.master.clone()),
                None,
            ),
            None => (
                self.ends.stdin,
                Some(self.ends.stdout),
                Some(self.ends.stderr),
            ),
        };
        let streams = Streams {
            stdin,
            stdout,
            stderr,
            terminal,
            sinks: self.sinks,
        };
        Ok(streams.into_process(agent, self.container_id, self.exec_id, pid))
    }
}

/// Our ends of a process's streams.
pub struct Streams {
    stdin: Option<Rc<Ready>>,
    stdout: Option<Rc<Ready>>,
    stderr: Option<Rc<Ready>>,
    terminal: Option<Rc<Terminal>>,
    sinks: [OutputSink; 2],
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
        }
    }

    /// The process that has them, watched from now on.
    pub fn into_process(
        self,
        agent: &Rc<Agent>,
        container_id: String,
        exec_id: String,
        pid: u32,
    ) -> Rc<Process> {
        let [stdout_sink, stderr_sink] = self.sinks;
        let process = Rc::new(Process {
            container_id,
            exec_id,
            pid: Cell::new(pid),
            stdin: Stdin::new(self.stdin, self.terminal.is_some()),
            stdout: Output::new(self.stdout, stdout_sink),
            stderr: Output::new(self.stderr, stderr_sink),
            terminal: self.terminal,
            exit: Exit::default(),
            mark: Cell::new(None),
            waited: Cell::new(false),
            resumable: Cell::new(false),
            used: Cell::new(Instant::now()),
        });
        let end = agent.crun.reaper.watch(pid);
        tokio::task::spawn_local(finish::watch(agent.clone(), process.clone(), end));
        drain::start(agent, &process);
        process
    }
}
