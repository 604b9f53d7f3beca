//! virtcontainers.Extension: what this agent offers beyond the Kata contract.

mod change_owner;
mod close_watch;
mod configure_sandbox;
mod drop_file;
mod in_container;
mod list_folder;
mod list_processes;
mod open_watch;
mod process_table;
mod put_file;
mod read_file;
mod read_output;
mod read_watch;
mod remove_file;
mod remove_path;
mod rename_path;
mod set_health_check;
mod set_lifetime;
mod set_online_cpus;
mod set_output;
mod stat_path;

use std::rc::Rc;

use bytes::Bytes;

use super::{decode, encode, unknown};
use crate::agent::Agent;
use crate::status::Result;
use crate::ttrpc::body::Body;

pub async fn call(agent: &Rc<Agent>, method: &str, payload: Bytes) -> Result<Body> {
    match method {
        "ChangeOwner" => encode(change_owner::call(agent, &decode(payload)?)),
        "CloseWatch" => encode(close_watch::call(agent, &decode(payload)?)),
        "ConfigureSandbox" => encode(configure_sandbox::call(agent, decode(payload)?)),
        "DropFile" => encode(drop_file::call(agent, decode(payload)?).await),
        "ListFolder" => encode(list_folder::call(agent, decode(payload)?).await),
        "OpenWatch" => encode(open_watch::call(agent, decode(payload)?).await),
        "PutFile" => encode(put_file::call(agent, decode(payload)?).await),
        "ReadFile" => encode(read_file::call(agent, decode(payload)?).await),
        "RemoveFile" => encode(remove_file::call(agent, decode(payload)?).await),
        "RemovePath" => encode(remove_path::call(agent, decode(payload)?).await),
        "RenamePath" => encode(rename_path::call(agent, decode(payload)?).await),
        "StatPath" => encode(stat_path::call(agent, decode(payload)?).await),
        "ProcessTable" => encode(process_table::call(agent, decode(payload)?).await),
        "ReadOutput" => read_output::call(agent, decode(payload)?).await,
        "ReadWatch" => encode(read_watch::call(agent, decode(payload)?).await),
        "SetLifetime" => encode(set_lifetime::call(agent, decode(payload)?)),
        "SetHealthCheck" => encode(set_health_check::call(agent, decode(payload)?)),
        "SetOnlineCpus" => encode(set_online_cpus::call(agent, decode(payload)?).await),
        "SetOutput" => encode(set_output::call(agent, &decode(payload)?)),
        "ListProcesses" => encode(list_processes::call(agent, &decode(payload)?)),
        _ => Err(unknown("virtcontainers.Extension", method)),
    }
}
