//! GetIPTables and SetIPTables, through the programs that translate between text and the kernel's
//! tables. A guest without them has no tables to tell or change: what the text of iptables means is
//! theirs alone to know.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::agent::Agent;
use crate::process::command;
use crate::proto::grpc::{
    GetIpTablesRequest, GetIpTablesResponse, SetIpTablesRequest, SetIpTablesResponse,
};
use crate::status::{Code, Result, Status};

const FOLDERS: &[&str] = &["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const LIMIT: Duration = Duration::from_secs(10);

pub async fn get(agent: &Agent, request: GetIpTablesRequest) -> Result<GetIpTablesResponse> {
    let data = run(agent, request.is_ipv6, "save", &[]).await?;
    Ok(GetIpTablesResponse { data: data.into() })
}

pub async fn set(agent: &Agent, request: SetIpTablesRequest) -> Result<SetIpTablesResponse> {
    let data = run(agent, request.is_ipv6, "restore", &request.data).await?;
    Ok(SetIpTablesResponse { data: data.into() })
}

async fn run(agent: &Agent, is_ipv6: bool, what: &str, input: &[u8]) -> Result<Vec<u8>> {
    let family = if is_ipv6 { "ip6tables" } else { "iptables" };
    let name = format!("{family}-{what}");
    let program = find(&name).ok_or_else(|| {
        let message = format!("the guest has no {name}: install it in the guest image");
        Status::new(Code::Unimplemented, message)
    })?;
    let mut command = Command::new(program);
    command.env_clear();
    let ended = command::run(&agent.crun.reaper, command, input, LIMIT).await?;
    match ended.status {
        0 => Ok(ended.stdout),
        status => {
            let said = String::from_utf8_lossy(&ended.stderr);
            let message = format!("{name}: exit status {status}: {}", said.trim());
            Err(Status::internal(message))
        }
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let mut places = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
    places.find(|place| place.exists())
}
