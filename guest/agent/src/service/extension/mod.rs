//! virtcontainers.Extension: what this agent offers beyond the Kata contract.

mod list_processes;
mod process_table;
mod read_output;
mod set_online_cpus;
mod set_output;

use std::rc::Rc;

use bytes::Bytes;

use super::{decode, encode, unknown};
use crate::agent::Agent;
use crate::status::Result;
use crate::ttrpc::body::Body;

pub async fn call(agent: &Rc<Agent>, method: &str, payload: Bytes) -> Result<Body> {
    match method {
        "ProcessTable" => encode(process_table::call(agent, decode(payload)?).await),
        "ReadOutput" => read_output::call(agent, decode(payload)?).await,
        "SetOnlineCpus" => encode(set_online_cpus::call(agent, decode(payload)?).await),
        "SetOutput" => encode(set_output::call(agent, &decode(payload)?)),
        "ListProcesses" => encode(list_processes::call(agent, &decode(payload)?)),
        _ => Err(unknown("virtcontainers.Extension", method)),
    }
}
