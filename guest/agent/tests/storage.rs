//! Storages and their release, seen in the agent's own mount namespace.

mod common;

use std::fs;

use common::Agent;
use common::spec::{container, shell};
use virtc_agent::proto::grpc::{CreateContainerRequest, Storage};
use virtc_agent::status::Code;

fn overlay(agent: &Agent, id: &str) -> Storage {
    let path = |name: &str| {
        agent
            .path(&format!("run/{id}/{name}"))
            .display()
            .to_string()
    };
    Storage {
        driver: "overlayfs".to_owned(),
        source: "overlay".to_owned(),
        fstype: "overlay".to_owned(),
        options: vec![
            format!("lowerdir={}", agent.root()),
            format!("upperdir={}", path("upper")),
            format!("workdir={}", path("work")),
        ],
        driver_options: vec!["io.virtcontainers.upper-size=1048576".to_owned()],
        mount_point: path("rootfs"),
        ..Storage::default()
    }
}

fn ephemeral(agent: &Agent) -> Storage {
    Storage {
        driver: "ephemeral".to_owned(),
        fstype: "tmpfs".to_owned(),
        options: vec!["size=1m".to_owned(), "fsgid=77".to_owned()],
        mount_point: agent.path("run/shared-memory").display().to_string(),
        ..Storage::default()
    }
}

fn mounts(agent: &Agent) -> Vec<String> {
    let folder = agent.path("run").display().to_string();
    let text = fs::read_to_string(format!("/proc/{}/mounts", agent.pid())).unwrap();
    let points = text.lines().filter_map(|line| line.split(' ').nth(1));
    points
        .filter(|point| point.starts_with(&folder))
        .map(str::to_owned)
        .collect()
}

fn request(agent: &Agent, id: &str, script: &str) -> CreateContainerRequest {
    let root = overlay(agent, id);
    CreateContainerRequest {
        storages: vec![root.clone(), ephemeral(agent)],
        ..container(id, &root.mount_point, shell(script))
    }
}

#[test]
fn an_overlay_takes_changes_up_to_its_size_and_goes_with_its_container() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let script = "echo new > /etc/passwd && cat /etc/passwd; dd if=/dev/zero of=/big bs=64k count=32 2>/dev/null; echo $?";
    client.create(&request(&agent, "c1", script));
    client.start("c1");
    assert_eq!(client.stdout("c1", ""), "new\n1\n");
    let passwd = fs::read_to_string(agent.path("root/etc/passwd")).unwrap();
    assert!(passwd.starts_with("root:"));
    assert_eq!(mounts(&agent).len(), 3);
    client.remove("c1");
    assert_eq!(mounts(&agent), Vec::<String>::new());
    assert!(!agent.path("run/c1").exists());
}

#[test]
fn a_shared_mount_stays_until_its_last_container_goes() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&request(&agent, "c1", "true"));
    client.create(&request(&agent, "c2", "true"));
    let shared = ephemeral(&agent).mount_point;
    let count = |agent: &Agent| {
        mounts(agent)
            .iter()
            .filter(|point| **point == shared)
            .count()
    };
    assert_eq!(count(&agent), 1);
    client.remove("c1");
    assert_eq!(count(&agent), 1);
    client.remove("c2");
    assert_eq!(count(&agent), 0);
}

#[test]
fn a_failed_create_undoes_only_its_own() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&request(&agent, "c1", "true"));
    let before = mounts(&agent);
    let mut bad = request(&agent, "c2", "true");
    bad.storages.push(Storage {
        driver: "blk".to_owned(),
        source: "zz".to_owned(),
        mount_point: agent.path("run/c2/disk").display().to_string(),
        ..Storage::default()
    });
    let text = client.fails("CreateContainer", &bad, Code::InvalidArgument);
    assert!(text.contains("\"zz\""), "{text}");
    let mut bad = request(&agent, "c2", "true");
    bad.oci.as_mut().unwrap().process.as_mut().unwrap().args = vec!["nope".to_owned()];
    client.fails("CreateContainer", &bad, Code::NotFound);
    let mut bad = request(&agent, "c2", "true");
    bad.storages[1].driver = "floppy".to_owned();
    bad.storages[1].mount_point.push_str("-2");
    let text = client.fails("CreateContainer", &bad, Code::InvalidArgument);
    assert!(text.contains("\"floppy\""), "{text}");
    let mut bad = request(&agent, "c2", "true");
    bad.storages[1].mount_point = "/run/../etc".to_owned();
    client.fails("CreateContainer", &bad, Code::InvalidArgument);
    assert_eq!(mounts(&agent), before);
    assert!(!agent.path("run/c2").exists());
}

#[test]
fn the_end_of_the_agent_ends_its_containers() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&request(&agent, "c1", "sleep 1000"));
    client.start("c1");
    assert_eq!(agent.stop(), Some(0));
}
