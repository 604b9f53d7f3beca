//! A shell of the guest for a client that speaks nothing but a terminal's bytes.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::process::console;
use crate::proto::grpc;
use crate::reaper::Reaper;
use crate::status::{Context, Result};
use crate::transport::io::Io;

const READ: usize = 4 << 10;

/// How long a shell may take to end when its client has left.
const GRACE: Duration = Duration::from_secs(1);

/// Serves a client until it leaves or its shell ends.
pub async fn serve(reaper: Rc<Reaper>, socket: OwnedFd) {
    if let Err(error) = relay(&reaper, socket).await {
        crate::warning!("debug console: {error}");
    }
}

async fn relay(reaper: &Rc<Reaper>, socket: OwnedFd) -> Result<()> {
    let client = Io::stream(socket).context(|| "client socket")?;
    let birth = reaper.birth();
    let (master, pid) = console::start(&grpc::Process::default())?;
    let mut end = reaper.watch(pid);
    drop(birth);
    let terminal = Io::stream(master).context(|| "terminal")?;
    tokio::select! {
        () = copy(&client, &terminal) => {}
        () = copy(&terminal, &client) => {}
    }
    // The terminal hangs up.
    drop(terminal);
    if tokio::time::timeout(GRACE, &mut end).await.is_err()
        && let Some(leader) = Pid::from_raw(pid.cast_signed())
    {
        // It leads a session of its own, and is not collected yet.
        let _ = kill_process_group(leader, Signal::KILL);
    }
    Ok(())
}

/// Copies until one of them is gone.
async fn copy(from: &Io, to: &Io) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ);
        if matches!(from.read(&mut buffer).await, Ok(0) | Err(_)) {
            return;
        }
        if to.write_all(&buffer).await.is_err() {
            return;
        }
        buffer.clear();
    }
}
