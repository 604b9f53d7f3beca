//! GetIPTables and SetIPTables, through the programs that translate between text and the kernel's
//! tables. A guest without them has no tables to tell or change: what the text of iptables means is
//! theirs alone to know.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::agent::Agent;
use crate::kernel_modules;
use crate::process::command;
use crate::proto::grpc::{
    GetIpTablesRequest, GetIpTablesResponse, SetIpTablesRequest, SetIpTablesResponse,
};
use crate::status::{Code, Result, Status};

const FOLDERS: &[&str] = &["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const LIMIT: Duration = Duration::from_secs(10);

/// The exit statuses of iptables-restore when the kernel refuses a line, and when it does so itself.
const REFUSED: &[i32] = &[1, 2];

/// What rules may need of a kernel that has it as modules.
const IPV4: &[&str] = &[
    "iptable_filter",
    "iptable_nat",
    "iptable_mangle",
    "iptable_raw",
    "ipt_REJECT",
];
const IPV6: &[&str] = &[
    "ip6table_filter",
    "ip6table_nat",
    "ip6table_mangle",
    "ip6table_raw",
];
const BOTH: &[&str] = &[
    "xt_tcpudp",
    "xt_conntrack",
    "xt_addrtype",
    "xt_comment",
    "xt_multiport",
    "xt_mark",
    "xt_MASQUERADE",
    "xt_REDIRECT",
];

pub async fn get(agent: &Agent, request: GetIpTablesRequest) -> Result<GetIpTablesResponse> {
    let data = run(agent, request.is_ipv6, "save", &[]).await?;
    Ok(GetIpTablesResponse { data: data.into() })
}

pub async fn set(agent: &Agent, request: SetIpTablesRequest) -> Result<SetIpTablesResponse> {
    load_modules(request.is_ipv6);
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
            match what == "restore" && REFUSED.contains(&status) {
                true => Err(Status::invalid(message)),
                false => Err(Status::internal(message)),
            }
        }
    }
}

/// A kernel without modules has all this built in; what it lacks, iptables-restore tells.
fn load_modules(is_ipv6: bool) {
    for name in [if is_ipv6 { IPV6 } else { IPV4 }, BOTH].concat() {
        if let Err(error) = kernel_modules::load(name, &[]) {
            crate::debug!("{error}");
        }
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let mut places = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
    places.find(|place| place.exists())
}
