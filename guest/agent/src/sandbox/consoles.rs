//! The processes of the guest itself that a client has started to look around in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::process::Process;
use crate::status::{Code, Result, Status};

/// So many may be there at once.
const MOST: usize = 16;

#[derive(Default)]
pub struct Consoles(RefCell<BTreeMap<String, Rc<Process>>>);

impl Consoles {
    /// The process of that exec id; NOT_FOUND if there is none.
    pub fn process(&self, exec_id: &str) -> Result<Rc<Process>> {
        let processes = self.0.borrow();
        let known = processes.get(exec_id).cloned();
        known.ok_or_else(|| {
            Status::not_found(format!("no console of the guest with exec id {exec_id}"))
        })
    }

    /// Whether one more of that exec id may be made.
    pub fn check(&self, exec_id: &str) -> Result<()> {
        let processes = self.0.borrow();
        match processes.get(exec_id) {
            Some(known) if !known.is_done() => {
                let message = format!("exec_id '{exec_id}' already exists");
                Err(Status::new(Code::Internal, message))
            }
            None if processes.len() >= MOST => {
                let message = format!("{MOST} consoles are open already");
                Err(Status::new(Code::ResourceExhausted, message))
            }
            _ => Ok(()),
        }
    }

    pub fn add(&self, process: Rc<Process>) {
        let id = process.exec_id.clone();
        self.0.borrow_mut().insert(id, process);
    }

    pub fn all(&self) -> Vec<Rc<Process>> {
        self.0.borrow().values().cloned().collect()
    }

    pub fn forget(&self, process: &Rc<Process>) {
        let mut processes = self.0.borrow_mut();
        // The id may belong to a later process by now.
        if let Some(known) = processes.get(&process.exec_id)
            && Rc::ptr_eq(known, process)
        {
            processes.remove(&process.exec_id);
        }
    }
}
