//! Runs a program of the guest to its end, on behalf of a call.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::stdin::Stdin;
use crate::async_fd::AsyncFd;
use crate::pipe;
use crate::pipe::read::{Read, read_available};
use crate::reaper::Reaper;
use crate::status::{Code, Context, Result, Status};

/// Of its output no more is kept; the program is not made to wait.
const MOST: usize = 4 << 20;

pub struct Ended {
    /// The exit code, or 128 + the signal's number.
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Gives `input` to the program; kills it and what it has started when the time has passed.
pub async fn run(
    reaper: &Reaper,
    mut command: Command,
    input: &[u8],
    limit: Duration,
) -> Result<Ended> {
    let (ends, theirs) = pipe::pipes(true, pipe::SIZE)?;
    let stream = |fd: Option<_>| fd.map_or_else(Stdio::null, Stdio::from);
    command
        .stdin(stream(theirs.stdin))
        .stdout(stream(theirs.stdout))
        .stderr(stream(theirs.stderr))
        .process_group(0);
    let name = command.get_program().display().to_string();
    let child = command.spawn().context(|| format!("run {name}"))?;
    // The program's ends must not stay open in the agent.
    drop(command);
    let end = reaper.watch(child.id());
    let stdin = Stdin::new(ends.stdin, false);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let streams = async {
        let write = async {
            // A program that doesn't want its input is no error.
            let _ = stdin.write(input).await;
            stdin.close();
        };
        tokio::join!(
            write,
            read(&ends.stdout, &mut stdout),
            read(&ends.stderr, &mut stderr)
        );
        std::future::pending::<()>().await;
    };
    let status = tokio::select! {
        end = end => Some(end.context(|| name.clone())?.status),
        () = streams => None,
        () = tokio::time::sleep(limit) => None,
    };
    if status.is_none()
        && let Some(group) = Pid::from_raw(child.id().cast_signed())
    {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    let status = status.ok_or_else(|| {
        let message = format!("{name}: did not end in {} s", limit.as_secs());
        Status::new(Code::DeadlineExceeded, message)
    })?;
    take(&ends.stdout, &mut stdout);
    take(&ends.stderr, &mut stderr);
    Ok(Ended {
        status,
        stdout,
        stderr,
    })
}

async fn read(source: &Rc<AsyncFd>, bytes: &mut Vec<u8>) {
    while take(source, bytes) {
        match source.readable().await {
            Ok(mut guard) => guard.clear_ready(),
            Err(_) => return,
        }
    }
}

/// Takes what is there; false if no more will come.
fn take(source: &AsyncFd, bytes: &mut Vec<u8>) -> bool {
    loop {
        match read_available(source, MOST, &[]) {
            Ok(Read::Data(body)) => {
                let room = MOST - bytes.len();
                let new = body.bytes();
                bytes.extend(new.get(..room.min(new.len())).unwrap_or_default());
            }
            Ok(Read::Empty) => return true,
            Ok(Read::End) | Err(_) => return false,
        }
    }
}
