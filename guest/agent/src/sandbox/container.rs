//! A container and its processes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::blocking::BlockingPool;
use crate::files::root::Root;
use crate::latch::Latch;
use crate::process::{Process, signal};
use crate::proto::grpc::Spec;
use crate::status::{Code, Result, Status};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Created,
    Running,
    Stopped,
}

pub struct Container {
    pub id: String,
    /// The id by which a client may name the init; empty names it too.
    pub init_id: String,
    pub init: Rc<Process>,
    pub bundle: PathBuf,
    /// Its root, in the agent's own view.
    pub root: PathBuf,
    /// None where cgroups can't be used.
    pub cgroup: Option<PathBuf>,
    /// Mount points that are released with the container.
    pub mounts: Vec<String>,
    /// Whether the kernel ends all its processes with the first one.
    pub own_pids: bool,
    /// Whether crun has hooks to run after the start.
    pub poststart: bool,
    /// Whether crun has hooks to run after the end.
    pub poststop: bool,
    pub termination_log: TerminationLog,
    pub started: Cell<bool>,
    pub paused: Cell<bool>,
    pub removing: Cell<bool>,
    /// Set when the container has been removed.
    pub gone: Rc<Latch>,
    /// Held while its processes are being read.
    pub table: Arc<Mutex<()>>,
    /// For what the agent reads of its files and changes in them.
    pub blocking: BlockingPool,
    execs: RefCell<BTreeMap<String, Exec>>,
}

/// How long its files may take to be read.
const LIMIT: Duration = Duration::from_secs(10);

enum Exec {
    /// Its ExecProcess is under way.
    Taken,
    Live(Rc<Process>),
}

/// What a container is made from.
pub struct Parts {
    pub id: String,
    pub init_id: String,
    pub init: Rc<Process>,
    pub bundle: PathBuf,
    pub root: PathBuf,
    pub cgroup: Option<PathBuf>,
    pub mounts: Vec<String>,
    pub own_pids: bool,
    pub poststart: bool,
    pub poststop: bool,
    pub termination_log: TerminationLog,
}

/// The file in which a container may say why it ended.
#[derive(Default)]
pub struct TerminationLog {
    /// In the container.
    pub path: String,
    /// In the guest, if it is mounted from there.
    pub source: Option<String>,
}

/// The annotation by which a container has its file elsewhere.
const TERMINATION_PATH: &str = "io.kubernetes.container.terminationMessagePath";

impl TerminationLog {
    pub fn of(spec: &Spec) -> TerminationLog {
        let path = spec.annotations.get(TERMINATION_PATH);
        let path = path.map_or("/dev/termination-log", String::as_str);
        let mount = spec.mounts.iter().find(|mount| mount.destination == path);
        TerminationLog {
            path: path.to_owned(),
            source: mount.map(|mount| mount.source.clone()),
        }
    }
}

impl Container {
    pub fn new(parts: Parts) -> Rc<Container> {
        Rc::new(Container {
            id: parts.id,
            init_id: parts.init_id,
            init: parts.init,
            bundle: parts.bundle,
            root: parts.root,
            cgroup: parts.cgroup,
            mounts: parts.mounts,
            own_pids: parts.own_pids,
            poststart: parts.poststart,
            poststop: parts.poststop,
            termination_log: parts.termination_log,
            started: Cell::new(false),
            paused: Cell::new(false),
            removing: Cell::new(false),
            gone: Rc::default(),
            table: Arc::default(),
            blocking: BlockingPool::new(1, LIMIT),
            execs: RefCell::default(),
        })
    }

    pub fn state(&self) -> State {
        match (self.init.exit.get(), self.started.get()) {
            (Some(_), _) => State::Stopped,
            (None, true) => State::Running,
            (None, false) => State::Created,
        }
    }

    /// Kills all its processes at once.
    pub fn kill_all(&self) -> Result<()> {
        if let Some(cgroup) = &self.cgroup
            && fs::write(cgroup.join("cgroup.kill"), "1").is_ok()
        {
            return Ok(());
        }
        for exec in self.execs() {
            signal::send(&exec, signal::KILL)?;
        }
        signal::send(&self.init, signal::KILL)
    }

    /// What opens its root as its own processes see it; when there are none any more, without its
    /// mounts. That may block, so it is for a thread of its own.
    pub fn root_opener(&self) -> impl FnOnce() -> Result<Root> + Send + 'static + use<> {
        let pid = self.init.pid.get();
        let alive = self.init.exit.get().is_none() && pid > 0;
        let root = self.root.clone();
        move || {
            let seen = alive.then(|| Root::at(Path::new(&format!("/proc/{pid}/root"))));
            match seen {
                Some(Ok(root)) => Ok(root),
                _ => Root::at(&root),
            }
        }
    }

    /// The process of that exec id; NOT_FOUND if there is none.
    pub fn process(&self, exec_id: &str) -> Result<Rc<Process>> {
        if exec_id.is_empty() || exec_id == self.init_id {
            return Ok(self.init.clone());
        }
        match self.execs.borrow().get(exec_id) {
            Some(Exec::Live(process)) => Ok(process.clone()),
            _ => Err(Status::not_found(format!(
                "container {}: no process with exec id {exec_id}",
                self.id
            ))),
        }
    }

    pub fn execs(&self) -> Vec<Rc<Process>> {
        let live = |exec: &Exec| match exec {
            Exec::Live(process) => Some(process.clone()),
            Exec::Taken => None,
        };
        self.execs.borrow().values().filter_map(live).collect()
    }

    /// Takes an exec id that no process has, or one that is done.
    pub fn claim_exec(&self, exec_id: &str) -> Result<()> {
        let mut execs = self.execs.borrow_mut();
        let taken = match execs.get(exec_id) {
            Some(Exec::Live(process)) => !process.is_done(),
            Some(Exec::Taken) => true,
            None => exec_id == self.init_id,
        };
        if taken {
            let message = format!("exec_id '{exec_id}' already exists");
            return Err(Status::new(Code::Internal, message));
        }
        execs.insert(exec_id.to_owned(), Exec::Taken);
        Ok(())
    }

    /// Ends a claim: with the process, or with nothing.
    pub fn settle_exec(&self, exec_id: &str, process: Option<Rc<Process>>) {
        let mut execs = self.execs.borrow_mut();
        match process {
            Some(process) => drop(execs.insert(exec_id.to_owned(), Exec::Live(process))),
            None => drop(execs.remove(exec_id)),
        }
    }

    pub fn forget_exec(&self, process: &Rc<Process>) {
        let mut execs = self.execs.borrow_mut();
        // The id may belong to a later process by now.
        if let Some(Exec::Live(known)) = execs.get(&process.exec_id)
            && Rc::ptr_eq(known, process)
        {
            execs.remove(&process.exec_id);
        }
    }
}
