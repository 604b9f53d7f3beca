//! The further processes of a container by their exec ids, from the moment their start is asked for;
//! the consoles of the guest too.
//!
//! Who starts a process may take it back at any time, with SIGKILL for its exec id: while it is being
//! started, and before the request for its start has come, which another connection may carry. No such
//! process lives on.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::starting::Starting;
use crate::process::{Process, signal};
use crate::status::{Code, Result, Status};

/// So long a kill holds for an exec that has not been asked for yet.
const REMEMBERED: Duration = Duration::from_secs(60);
/// So many ids are remembered: of kills that came first, and of processes that were.
const MOST_REMEMBERED: usize = 1024;

#[derive(Clone)]
pub enum Exec {
    /// Its ExecProcess is under way.
    Starting(Rc<Starting>),
    Live(Rc<Process>),
}

#[derive(Default)]
pub struct Execs {
    known: RefCell<BTreeMap<String, Exec>>,
    killed_first: RefCell<VecDeque<(String, Instant)>>,
    forgotten: RefCell<VecDeque<String>>,
}

/// Keeps an exec id for the call that starts its process.
pub struct Start<'a> {
    execs: &'a Execs,
    id: String,
    pub starting: Rc<Starting>,
}

impl Execs {
    /// Takes an exec id that no process has, or one that is done; CANCELLED if it was killed first.
    pub fn start(&self, id: &str) -> Result<Start<'_>> {
        let mut known = self.known.borrow_mut();
        let taken = match known.get(id) {
            Some(Exec::Live(process)) => !process.is_done(),
            Some(Exec::Starting(_)) => true,
            None => false,
        };
        if taken {
            return Err(taken_already(id));
        }
        if self.take_kill(id) {
            return Err(cancelled(id));
        }
        let starting = Rc::new(Starting::default());
        known.insert(id.to_owned(), Exec::Starting(starting.clone()));
        Ok(Start {
            execs: self,
            id: id.to_owned(),
            starting,
        })
    }

    /// Kills one, also one whose start is under way; returns when nothing of it is left. False: there is none.
    pub async fn kill(&self, id: &str) -> Result<bool> {
        let found = self.find(id);
        if let Some(Exec::Starting(starting)) = &found {
            starting.kill().await;
        }
        if let Some(Exec::Live(process)) = self.find(id) {
            signal::kill_exec(&process).await?;
        }
        Ok(found.is_some())
    }

    pub fn find(&self, id: &str) -> Option<Exec> {
        self.known.borrow().get(id).cloned()
    }

    pub fn live(&self) -> Vec<Rc<Process>> {
        let live = |exec: &Exec| match exec {
            Exec::Live(process) => Some(process.clone()),
            Exec::Starting(_) => None,
        };
        self.known.borrow().values().filter_map(live).collect()
    }

    pub fn len(&self) -> usize {
        self.known.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Remembers a kill of an id that was never heard of: the request for its start may be under way.
    pub fn kill_first(&self, id: &str) {
        if self.forgotten.borrow().iter().any(|known| known == id) {
            return;
        }
        let mut kills = self.killed_first.borrow_mut();
        kills.retain(|(known, since)| known != id && since.elapsed() < REMEMBERED);
        kills.truncate(MOST_REMEMBERED - 1);
        kills.push_front((id.to_owned(), Instant::now()));
    }

    /// Whether such a kill holds; it does so once.
    fn take_kill(&self, id: &str) -> bool {
        let mut kills = self.killed_first.borrow_mut();
        kills.retain(|(_, since)| since.elapsed() < REMEMBERED);
        let before = kills.len();
        kills.retain(|(known, _)| known != id);
        kills.len() < before
    }

    pub fn forget(&self, process: &Rc<Process>) {
        let mut known = self.known.borrow_mut();
        // The id may belong to a later process by now.
        if let Some(Exec::Live(live)) = known.get(&process.exec_id)
            && Rc::ptr_eq(live, process)
        {
            known.remove(&process.exec_id);
            let mut forgotten = self.forgotten.borrow_mut();
            forgotten.truncate(MOST_REMEMBERED - 1);
            forgotten.push_front(process.exec_id.clone());
        }
    }
}

impl Start<'_> {
    /// The process is there: its id stays taken until it is forgotten.
    pub fn finish(self, process: Rc<Process>) {
        let live = Exec::Live(process);
        self.execs.known.borrow_mut().insert(self.id.clone(), live);
    }

    /// CANCELLED if the process has been killed meanwhile.
    pub fn check(&self) -> Result<()> {
        match self.starting.killed.is_set() {
            true => Err(self.cancelled()),
            false => Ok(()),
        }
    }

    pub fn cancelled(&self) -> Status {
        cancelled(&self.id)
    }
}

impl Drop for Start<'_> {
    fn drop(&mut self) {
        let mut known = self.execs.known.borrow_mut();
        if matches!(known.get(&self.id), Some(Exec::Starting(_))) {
            known.remove(&self.id);
        }
        self.starting.done.set();
    }
}

pub fn taken_already(id: &str) -> Status {
    Status::internal(format!("exec_id '{id}' already exists"))
}

fn cancelled(id: &str) -> Status {
    let message = format!("exec {id} was killed before it had started");
    Status::new(Code::Cancelled, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_that_came_first_holds_once() {
        let execs = Execs::default();
        execs.kill_first("a");
        execs.kill_first("a");
        assert_eq!(
            execs.start("a").err().map(|status| status.code),
            Some(Code::Cancelled)
        );
        assert!(execs.start("a").is_ok() && execs.start("b").is_ok());
    }

    #[test]
    fn an_id_is_taken_while_its_process_is_started() {
        let execs = Execs::default();
        let start = execs.start("a").unwrap();
        let done = start.starting.clone();
        assert_eq!(
            execs.start("a").err().map(|status| status.code),
            Some(Code::Internal)
        );
        assert!(matches!(execs.find("a"), Some(Exec::Starting(_))));
        drop(start);
        assert!(done.done.is_set() && execs.is_empty());
    }

    #[test]
    fn only_so_many_kills_are_remembered() {
        let execs = Execs::default();
        for number in 0..=MOST_REMEMBERED {
            execs.kill_first(&number.to_string());
        }
        assert_eq!(execs.killed_first.borrow().len(), MOST_REMEMBERED);
        assert!(execs.start("0").is_ok() && execs.start("1").is_err());
    }
}
