//! A container and its processes.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::sync::Mutex;

use super::execs::{self, Exec, Execs, Start};
use super::health::Health;
use super::watches::Watches;
use crate::blocking::BlockingPool;
use crate::files::root::Root;
use crate::latch::Latch;
use crate::process::{Process, signal};
use crate::proto::grpc::{self, Spec};
use crate::spec::limits::Limits;
use crate::status::{Result, Status};

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
    /// As its first process was to be, for what the agent itself runs in it.
    pub process: grpc::Process,
    /// What processes that join it have too.
    pub limits: Limits,
    /// By which shared mounts name it, beside its id.
    pub name: Option<String>,
    pub life: Life,
}

/// How long its files may take to be read.
const LIMIT: Duration = Duration::from_secs(10);

/// What changes about a container after it was made.
pub struct Life {
    pub started: Cell<bool>,
    pub paused: Cell<bool>,
    pub removing: Cell<bool>,
    /// Set when the container has been removed.
    pub gone: Rc<Latch>,
    /// Held while its processes are being read.
    pub table: Arc<Mutex<()>>,
    /// For what the agent reads of its files and changes in them.
    pub blocking: BlockingPool,
    pub execs: Execs,
    /// Who looks for changes of its files.
    pub watches: Rc<Watches>,
    /// How it is looked at, and what came of it.
    pub health: RefCell<Option<Rc<Health>>>,
}

impl Default for Life {
    fn default() -> Life {
        Life {
            started: Cell::new(false),
            paused: Cell::new(false),
            removing: Cell::new(false),
            gone: Rc::default(),
            table: Arc::default(),
            blocking: BlockingPool::new(1, LIMIT),
            execs: Execs::default(),
            watches: Rc::default(),
            health: RefCell::default(),
        }
    }
}

/// The file in which a container may say why it ended.
#[derive(Default)]
pub struct TerminationLog {
    /// In the container.
    pub path: String,
    /// In the guest, if it is mounted from there.
    pub source: Option<String>,
}

/// The annotation that has a container's name in its pod.
pub const NAME: &str = "io.kubernetes.cri.container-name";

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
    pub fn state(&self) -> State {
        match (self.init.exit.get(), self.life.started.get()) {
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
        for exec in self.life.execs.live() {
            signal::send(&exec, signal::KILL)?;
        }
        signal::send(&self.init, signal::KILL)
    }

    /// What opens its root as its own processes see it. That may block, so it is for a thread of its own.
    pub fn live_root_opener(&self) -> impl FnOnce() -> Result<Root> + Send + 'static + use<> {
        let folder = self.init.folder();
        let id = self.id.clone();
        move || {
            let gone = || Status::precondition(format!("container {id} has ended"));
            let folder = folder.ok_or_else(gone)?;
            // Once the init is gone, its folder opens nothing any more.
            let root = folder.open_at("root", OFlags::PATH | OFlags::DIRECTORY);
            root.map(Root::from).map_err(|_| gone())
        }
    }

    /// As `live_root_opener`; when there are no processes any more, the root without its mounts.
    pub fn root_opener(&self) -> impl FnOnce() -> Result<Root> + Send + 'static + use<> {
        let (live, root) = (self.live_root_opener(), self.root.clone());
        move || live().or_else(|_| Root::at(&root))
    }

    /// The process of that exec id; NOT_FOUND if there is none.
    pub fn process(&self, exec_id: &str) -> Result<Rc<Process>> {
        if self.is_init(exec_id) {
            return Ok(self.init.clone());
        }
        match self.life.execs.find(exec_id) {
            Some(Exec::Live(process)) => Ok(process),
            _ => Err(self.no_process(exec_id)),
        }
    }

    pub fn is_init(&self, exec_id: &str) -> bool {
        exec_id.is_empty() || exec_id == self.init_id
    }

    pub fn no_process(&self, exec_id: &str) -> Status {
        Status::not_found(format!(
            "container {}: no process with exec id {exec_id}",
            self.id
        ))
    }

    /// Keeps an exec id for a process to be started.
    pub fn start_exec(&self, exec_id: &str) -> Result<Start<'_>> {
        match self.is_init(exec_id) {
            true => Err(execs::taken_already(exec_id)),
            false => self.life.execs.start(exec_id),
        }
    }
}
