//! ProcessTable: all processes in a container.
//!
//! A process can make the read of its arguments hang, by memory that it maps from a file system of
//! its own. So a thread of its own reads, for so long and no longer.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use crate::agent::Agent;
use crate::cgroup::path;
use crate::process::table;
use crate::proto::virtcontainers::{ProcessRow, ProcessTableRequest, ProcessTableResponse};
use crate::sandbox::container::Container;
use crate::status::{Code, Context, Result, Status};
use crate::user::database::Database;

const LIMIT: Duration = Duration::from_secs(2);

pub async fn call(agent: &Agent, request: ProcessTableRequest) -> Result<ProcessTableResponse> {
    agent.sandbox.info()?;
    let container = agent.sandbox.container(&request.container_id)?;
    let busy = container.life.table.clone().try_lock_owned().map_err(|_| {
        let message = format!("container {}: its processes are being read", container.id);
        Status::new(Code::ResourceExhausted, message)
    })?;
    let pids = pids(&container);
    let group = container
        .cgroup
        .as_ref()
        .map(|_| path::of_container(&container.id));
    let work = tokio::task::spawn_blocking(move || {
        // It stays taken for as long as the thread hangs.
        let _busy = busy;
        let boot_s = boot_time();
        let rows = pids
            .iter()
            .filter_map(|pid| table::row(*pid, group.as_deref(), boot_s));
        rows.collect::<Vec<ProcessRow>>()
    });
    let Ok(rows) = tokio::time::timeout(LIMIT, work).await else {
        let message = format!(
            "container {}: a process does not let itself be read",
            container.id
        );
        return Err(Status::new(Code::DeadlineExceeded, message));
    };
    let mut rows = rows.context(|| "read of processes")?;
    name_users(&container, &mut rows).await;
    table::fit(&mut rows);
    Ok(ProcessTableResponse { rows })
}

fn pids(container: &Rc<Container>) -> Vec<u32> {
    if let Some(cgroup) = &container.cgroup {
        return table::members(cgroup);
    }
    let execs = container.life.execs.live();
    let processes = std::iter::once(&container.init).chain(&execs);
    let alive = processes.filter(|process| process.exit.get().is_none());
    let roots: Vec<u32> = alive.map(|process| process.pid).collect();
    table::descendants(&roots)
}

/// By the container's own /etc/passwd, as far as that can be read.
async fn name_users(container: &Container, rows: &mut [ProcessRow]) {
    let root = container.live_root_opener();
    let uids: BTreeSet<u32> = rows.iter().map(|row| row.uid).collect();
    let read = move || Ok(Database::read(&root()?).names(&uids));
    let read = container.life.blocking.run("users of a container", read);
    let names = match tokio::time::timeout(LIMIT, read).await {
        Ok(Ok(names)) => names,
        _ => BTreeMap::new(),
    };
    for row in rows {
        row.user = match names.get(&row.uid) {
            Some(name) => name.clone(),
            None => row.uid.to_string(),
        };
    }
}

/// Seconds since 1970.
fn boot_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "));
    line.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
