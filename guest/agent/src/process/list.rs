//! The state of a process, as ListProcesses tells it.

use super::Process;
use crate::proto::virtcontainers::ProcessState;

impl Process {
    pub fn state(&self) -> ProcessState {
        ProcessState {
            container_id: self.container_id.clone(),
            exec_id: self.exec_id.clone(),
            pid: self.pid.get(),
            exited: self.exit.get().is_some(),
            exit_status: self.exit.get().unwrap_or(0),
            terminal: self.terminal.is_some(),
            sink: self.stdout.sink.get() as i32,
        }
    }
}
