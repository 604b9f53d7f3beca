//! The sandbox: what CreateSandbox has set up, and its containers.

pub mod consoles;
pub mod container;
pub mod execs;
pub mod files;
pub mod health;
pub mod lifetime;
pub mod oom;
pub mod pause;
pub mod shared_mounts;
pub mod starting;
pub mod watches;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::latch::Latch;
use crate::process::Process;
use crate::status::{Code, Result, Status};
use crate::storage::Storages;
use consoles::Consoles;
use container::Container;
use lifetime::Lifetime;
use pause::Pause;

pub struct Sandbox {
    info: RefCell<Option<Info>>,
    containers: RefCell<BTreeMap<String, Slot>>,
    pub storages: Storages,
    pub consoles: Consoles,
    pub pause: Pause,
    pub lifetime: Lifetime,
    settings: RefCell<Option<Settings>>,
    /// Numbers for files that belong to one call.
    serial: Cell<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct Info {
    pub hostname: String,
    /// All containers share one pid namespace.
    pub shared_pidns: bool,
    /// Where the programs are that run with each container; empty: there are none.
    pub hook_path: String,
}

/// What a sandbox has beyond the Kata contract.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The container with whose first process the machine ends.
    pub exit_with: Option<String>,
}

enum Slot {
    /// Its CreateContainer is under way; set when that has ended.
    Taken(Rc<Latch>),
    Live(Rc<Container>),
}

/// Holds a container id for the call that creates it.
pub struct Claim<'a> {
    sandbox: &'a Sandbox,
    id: String,
    done: Rc<Latch>,
}

impl Sandbox {
    /// One that CreateSandbox has not set up yet.
    pub fn new(storages: Storages) -> Sandbox {
        Sandbox {
            info: RefCell::default(),
            containers: RefCell::default(),
            storages,
            consoles: Consoles::default(),
            pause: Pause::default(),
            lifetime: Lifetime::default(),
            settings: RefCell::default(),
            serial: Cell::default(),
        }
    }

    /// Refuses a second one.
    pub fn create(&self, info: Info) -> Result<()> {
        let mut present = self.info.borrow_mut();
        if present.is_some() {
            let message = "the sandbox has been created already";
            return Err(Status::new(Code::AlreadyExists, message));
        }
        *present = Some(info);
        Ok(())
    }

    /// Once, and before `create`.
    pub fn configure(&self, settings: Settings) -> Result<()> {
        let mut present = self.settings.borrow_mut();
        if self.info.borrow().is_some() || present.is_some() {
            let message = "the sandbox can be configured once, before CreateSandbox";
            return Err(Status::precondition(message));
        }
        *present = Some(settings);
        Ok(())
    }

    pub fn exits_with(&self, container_id: &str) -> bool {
        let settings = self.settings.borrow();
        let exit_with = settings
            .as_ref()
            .and_then(|settings| settings.exit_with.as_deref());
        exit_with == Some(container_id)
    }

    /// Undoes `create`, for a CreateSandbox that failed later on.
    pub fn undo_create(&self) {
        self.info.borrow_mut().take();
    }

    pub fn info(&self) -> Result<Info> {
        self.info.borrow().clone().ok_or_else(|| {
            Status::precondition("there is no sandbox yet: CreateSandbox comes first")
        })
    }

    pub fn next_serial(&self) -> u64 {
        self.serial.replace(self.serial.get() + 1)
    }

    /// Takes an id that no container has.
    pub fn claim(&self, id: &str) -> Result<Claim<'_>> {
        let mut containers = self.containers.borrow_mut();
        if containers.contains_key(id) {
            let message = format!("container {id} exists already");
            return Err(Status::new(Code::AlreadyExists, message));
        }
        let done = Rc::new(Latch::default());
        containers.insert(id.to_owned(), Slot::Taken(done.clone()));
        Ok(Claim {
            sandbox: self,
            done,
            id: id.to_owned(),
        })
    }

    /// The container, or the error that most calls give for an unknown one.
    pub fn container(&self, id: &str) -> Result<Rc<Container>> {
        self.find(id)
            .ok_or_else(|| Status::invalid(format!("Invalid container id {id}")))
    }

    /// A process of a container or, with an empty container id, of the guest itself.
    pub fn process(&self, container_id: &str, exec_id: &str) -> Result<Rc<Process>> {
        match container_id {
            "" => self.consoles.process(exec_id),
            id => self.container(id)?.process(exec_id),
        }
    }

    /// Forgets an exec or a console that has been waited for and whose output has been read, unless
    /// its client may come back for what it was given.
    pub fn forget_if_done(&self, process: &Rc<Process>) {
        if process.is_done() && !process.resumable.get() {
            self.forget(process);
        }
    }

    pub fn forget(&self, process: &Rc<Process>) {
        if process.container_id.is_empty() {
            self.consoles.execs.forget(process);
        } else if let Ok(container) = self.container(&process.container_id) {
            container.life.execs.forget(process);
        }
    }

    /// As `container`, for the calls to which the Kata agent gives INTERNAL.
    pub fn container_or_internal(&self, id: &str) -> Result<Rc<Container>> {
        self.find(id)
            .ok_or_else(|| Status::internal(format!("Invalid container id {id}")))
    }

    /// Ends when no CreateContainer of that id is under way.
    pub async fn created(&self, id: &str) {
        loop {
            let done = match self.containers.borrow().get(id) {
                Some(Slot::Taken(done)) => done.clone(),
                _ => return,
            };
            done.wait().await;
        }
    }

    pub fn containers(&self) -> Vec<Rc<Container>> {
        let containers = self.containers.borrow();
        let live = |slot: &Slot| match slot {
            Slot::Live(container) => Some(container.clone()),
            Slot::Taken(_) => None,
        };
        containers.values().filter_map(live).collect()
    }

    pub fn remove(&self, id: &str) {
        self.containers.borrow_mut().remove(id);
    }

    fn find(&self, id: &str) -> Option<Rc<Container>> {
        match self.containers.borrow().get(id) {
            Some(Slot::Live(container)) => Some(container.clone()),
            _ => None,
        }
    }
}

impl Claim<'_> {
    /// The container is there: its id stays taken until it is removed.
    pub fn keep(self, container: Rc<Container>) {
        let slot = Slot::Live(container);
        let id = self.id.clone();
        self.sandbox.containers.borrow_mut().insert(id, slot);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.sandbox.find(&self.id).is_none() {
            self.sandbox.containers.borrow_mut().remove(&self.id);
        }
        self.done.set();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::wait::Devices;
    use std::path::PathBuf;
    use std::time::Duration;

    fn sandbox() -> Sandbox {
        let devices = Devices {
            uevents: None,
            limit: Duration::ZERO,
        };
        Sandbox::new(Storages::new(Rc::new(devices), PathBuf::new()))
    }

    #[test]
    fn a_second_sandbox_is_refused() {
        let sandbox = sandbox();
        assert_eq!(sandbox.info().unwrap_err().code, Code::FailedPrecondition);
        sandbox.create(Info::default()).unwrap();
        let status = sandbox.create(Info::default()).unwrap_err();
        assert_eq!(status.code, Code::AlreadyExists);
    }

    #[test]
    fn an_id_is_taken_while_its_container_is_made() {
        let sandbox = sandbox();
        let claim = sandbox.claim("ab").unwrap();
        assert_eq!(sandbox.claim("ab").err().unwrap().code, Code::AlreadyExists);
        assert_eq!(
            sandbox.container("ab").err().unwrap().code,
            Code::InvalidArgument
        );
        drop(claim);
        assert!(sandbox.claim("ab").is_ok());
    }
}
