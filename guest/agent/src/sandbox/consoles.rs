//! The processes of the guest itself that a client has started to look around in it.

use std::rc::Rc;

use super::execs::{Exec, Execs, Start};
use crate::process::Process;
use crate::status::{Code, Result, Status};

/// So many may be there at once.
const MOST: usize = 16;

#[derive(Default)]
pub struct Consoles {
    pub execs: Execs,
}

impl Consoles {
    /// The process of that exec id; NOT_FOUND if there is none.
    pub fn process(&self, exec_id: &str) -> Result<Rc<Process>> {
        match self.execs.find(exec_id) {
            Some(Exec::Live(process)) => Ok(process),
            _ => Err(Self::no_process(exec_id)),
        }
    }

    pub fn no_process(exec_id: &str) -> Status {
        Status::not_found(format!("no console of the guest with exec id {exec_id}"))
    }

    /// Keeps an exec id for one more.
    pub fn start(&self, exec_id: &str) -> Result<Start<'_>> {
        if self.execs.find(exec_id).is_none() && self.execs.len() >= MOST {
            let message = format!("{MOST} consoles are open already");
            return Err(Status::new(Code::ResourceExhausted, message));
        }
        self.execs.start(exec_id)
    }
}
