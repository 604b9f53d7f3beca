//! A process that crun is about to start: its streams, and what becomes of them when crun has ended.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Process;
use super::output;
use super::streams::Streams;
use super::terminal::{Socket, Terminal};
use crate::async_fd::AsyncFd;
use crate::crun::error;
use crate::pipe::read::{Read, bytes_in_pipe, read_available};
use crate::pipe::{self, Ends, Stdio};
use crate::proto::grpc;
use crate::proto::virtcontainers::OutputSink;
use crate::reaper::Reaper;
use crate::status::{Result, Status};

/// Of what is said no more is read, in bytes.
const LONGEST_SAID: usize = 64 << 10;

/// Of what a process was started with no more is kept, in bytes.
const LONGEST_KEPT: usize = 4 << 10;

/// The `*_port` fields of a request.
#[derive(Clone, Copy)]
pub struct Ports {
    pub stdin: u32,
    pub stdout: u32,
    pub stderr: u32,
}

/// What is known of a process before it is there.
pub struct Draft {
    container_id: String,
    exec_id: String,
    program: String,
    args: Vec<String>,
    cwd: String,
    stdin: bool,
    sinks: [OutputSink; 2],
    ends: Ends,
    socket: Option<Socket>,
    uid: u32,
}

/// What a draft is made from.
pub struct Wanted<'a> {
    pub container_id: &'a str,
    /// Empty for the container's init.
    pub exec_id: &'a str,
    pub process: &'a grpc::Process,
    pub ports: Ports,
    /// How much of the output waits in its pipe, in bytes.
    pub pipe_size: usize,
    /// A path that nothing else uses, for the socket on which a terminal is given.
    pub console: &'a Path,
}

impl Draft {
    /// Opens the streams. Gives crun's ends with it.
    pub fn open(wanted: &Wanted<'_>) -> Result<(Draft, Stdio)> {
        let (process, ports) = (wanted.process, wanted.ports);
        let stdin = pipe::wants_stdin(ports.stdin)?;
        let sinks = [
            output::sink_of_port("stdout_port", ports.stdout)?,
            output::sink_of_port("stderr_port", ports.stderr)?,
        ];
        if process.args.is_empty() {
            return Err(Status::invalid("process.args: empty"));
        }
        let (ends, mut stdio) = pipe::pipes(stdin && !process.terminal, wanted.pipe_size)?;
        let socket = match process.terminal {
            false => None,
            true => {
                // crun's own messages still come through the pipe.
                stdio.stdout = None;
                Some(Socket::open(wanted.console)?)
            }
        };
        let draft = Draft {
            container_id: wanted.container_id.to_owned(),
            exec_id: wanted.exec_id.to_owned(),
            program: process.args.first().cloned().unwrap_or_default(),
            args: kept(&process.args),
            cwd: process.cwd.clone(),
            stdin,
            sinks,
            ends,
            socket,
            uid: process.user.as_ref().map_or(0, |user| user.uid),
        };
        Ok((draft, stdio))
    }

    /// The socket to which crun is to send the terminal.
    pub fn console(&self) -> Option<PathBuf> {
        let path = |socket: &Socket| Path::to_owned(&socket.path);
        self.socket.as_ref().map(path)
    }

    /// Waits until crun has sent the terminal, and gives it to the process's user.
    pub async fn own_terminal(&self) {
        if let Some(socket) = &self.socket
            && let Ok(terminal) = socket.received().await
            && terminal.set_owner(self.uid).is_ok()
        {
            return;
        }
        std::future::pending().await
    }

    /// Whether anything was said, as crun does when it fails at last.
    pub fn has_said_something(&self) -> bool {
        self.socket.is_some() || bytes_in_pipe(&self.ends.stderr) > 0
    }

    /// Why crun failed, from what it said and how it ended.
    pub fn explain(&self, status: i32) -> Status {
        let mut said = text_of(&self.ends.stderr);
        // What comes late is said on the terminal.
        if said.trim().is_empty()
            && let Some(Ok(terminal)) = self.socket.as_ref().map(Socket::receive)
        {
            said = text_of(&terminal.master);
        }
        error::explain(&said, status, &self.program, &self.cwd)
    }

    /// The process, now that crun has told its id.
    pub fn into_process(self, reaper: &Reaper, pid: u32) -> Result<Rc<Process>> {
        let terminal: Option<Rc<Terminal>> = match &self.socket {
            Some(socket) => Some(socket.receive()?),
            None => None,
        };
        if let Some(terminal) = &terminal {
            terminal.set_owner(self.uid)?;
        }
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
            args: self.args,
        };
        Ok(streams.into_process(reaper, self.container_id, self.exec_id, pid))
    }
}

/// The first arguments, up to so many bytes.
fn kept(args: &[String]) -> Vec<String> {
    let mut left = LONGEST_KEPT;
    let fits = |arg: &&String| match left.checked_sub(arg.len() + 1) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    args.iter().take_while(fits).cloned().collect()
}

/// What was said so far. A terminal does not tell its length at first, so it is read to its end.
fn text_of(source: &AsyncFd) -> String {
    let mut said = Vec::new();
    while said.len() < LONGEST_SAID
        && let Ok(Read::Data(body)) = read_available(source, LONGEST_SAID, &[])
    {
        said.extend(body.bytes());
    }
    String::from_utf8_lossy(&said).into_owned()
}
