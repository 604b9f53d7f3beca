//! grpc.AgentService.

mod add_swap;
mod close_stdin;
pub mod copy_file;
mod create_container;
mod create_sandbox;
pub mod destroy_sandbox;
mod exec_process;
mod get_diagnostic_data;
mod get_guest_details;
mod get_metrics;
mod get_oom_event;
mod get_volume_stats;
mod iptables;
mod mem_hotplug_by_probe;
mod network;
mod online_cpu_mem;
mod pause_container;
mod read_stream;
mod remove_container;
mod reseed_random_dev;
mod resize_volume;
mod set_guest_date_time;
mod signal_process;
mod start_container;
mod stats_container;
mod tty_win_resize;
mod update_container;
mod update_ephemeral_mounts;
mod wait_process;
mod write_stdin;

use std::rc::Rc;

use bytes::Bytes;

use super::{decode, encode, unknown};
use crate::agent::Agent;
use crate::proto::grpc::RemoveStaleVirtiofsShareMountsRequest;
use crate::status::Result;
use crate::ttrpc::body::Body;

/// Calls that make no sense before CreateSandbox.
const NEED_SANDBOX: &[&str] = &[
    "CloseStdin",
    "CopyFile",
    "CreateContainer",
    "ExecProcess",
    "GetDiagnosticData",
    "GetOOMEvent",
    "GetVolumeStats",
    "PauseContainer",
    "ReadStderr",
    "ReadStdout",
    "RemoveContainer",
    "ResizeVolume",
    "ResumeContainer",
    "SignalProcess",
    "StartContainer",
    "StatsContainer",
    "TtyWinResize",
    "UpdateContainer",
    "UpdateEphemeralMounts",
    "WaitProcess",
    "WriteStdin",
];

pub async fn call(agent: &Rc<Agent>, method: &str, payload: Bytes) -> Result<Body> {
    if NEED_SANDBOX.contains(&method) {
        agent.sandbox.info()?;
    }
    match method {
        "AddARPNeighbors" => encode(network::add_arp_neighbors(decode(payload)?)),
        "AddSwap" => encode(add_swap::by_pci_path(agent, decode(payload)?).await),
        "AddSwapPath" => encode(add_swap::by_path(agent, decode(payload)?).await),
        "CloseStdin" => encode(close_stdin::call(agent, decode(payload)?).await),
        "CopyFile" => encode(copy_file::call(agent, decode(payload)?).await),
        "CreateContainer" => encode(create_container::call(agent, decode(payload)?).await),
        "CreateSandbox" => encode(create_sandbox::call(agent, decode(payload)?).await),
        "DestroySandbox" => encode(destroy_sandbox::call(agent).await),
        "ExecProcess" => encode(exec_process::call(agent, decode(payload)?).await),
        "GetDiagnosticData" => encode(get_diagnostic_data::call(agent, decode(payload)?).await),
        "GetGuestDetails" => encode(get_guest_details::call(agent, decode(payload)?)),
        "GetIPTables" => encode(iptables::get(agent, decode(payload)?).await),
        "GetMetrics" => encode(get_metrics::call()),
        "GetOOMEvent" => encode(get_oom_event::call(agent).await),
        "GetVolumeStats" => encode(get_volume_stats::call(agent, decode(payload)?).await),
        "ListInterfaces" => encode(network::list_interfaces()),
        "ListRoutes" => encode(network::list_routes()),
        "MemHotplugByProbe" => encode(mem_hotplug_by_probe::call(&decode(payload)?)),
        "OnlineCPUMem" => encode(online_cpu_mem::call(agent, decode(payload)?).await),
        "PauseContainer" => encode(pause_container::pause(agent, decode(payload)?).await),
        "ReadStderr" => read_stream::stderr(agent, decode(payload)?).await,
        "ReadStdout" => read_stream::stdout(agent, decode(payload)?).await,
        "RemoveContainer" => encode(remove_container::call(agent, decode(payload)?).await),
        // What of the host does not answer is never waited for, and goes with its container.
        "RemoveStaleVirtiofsShareMounts" => {
            encode(decode::<RemoveStaleVirtiofsShareMountsRequest>(payload).map(drop))
        }
        "ReseedRandomDev" => encode(reseed_random_dev::call(decode(payload)?)),
        "ResizeVolume" => encode(resize_volume::call(agent, decode(payload)?).await),
        "ResumeContainer" => encode(pause_container::resume(agent, decode(payload)?).await),
        "SetIPTables" => encode(iptables::set(agent, decode(payload)?).await),
        "SetGuestDateTime" => encode(set_guest_date_time::call(decode(payload)?)),
        "SignalProcess" => encode(signal_process::call(agent, decode(payload)?).await),
        "StartContainer" => encode(start_container::call(agent, decode(payload)?).await),
        "StatsContainer" => encode(stats_container::call(agent, &decode(payload)?)),
        "TtyWinResize" => encode(tty_win_resize::call(agent, decode(payload)?)),
        "UpdateContainer" => encode(update_container::call(agent, decode(payload)?).await),
        "UpdateInterface" => encode(network::update_interface(decode(payload)?)),
        "UpdateRoutes" => encode(network::update_routes(decode(payload)?)),
        "UpdateEphemeralMounts" => encode(update_ephemeral_mounts::call(agent, &decode(payload)?)),
        "WaitProcess" => encode(wait_process::call(agent, decode(payload)?).await),
        "WriteStdin" => encode(write_stdin::call(agent, decode(payload)?).await),
        _ => Err(unknown("grpc.AgentService", method)),
    }
}
