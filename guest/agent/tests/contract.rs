//! What clients of the field's own agent rely on, where it is easily done in another way.

mod common;

use std::fs;

use common::Agent;
use common::client::{AGENT, Client, Failure};
use common::spec::{container, exec, process, shell};
use prost::Message;
use virtc_agent::proto::grpc::{
    LinuxNamespace, PauseContainerRequest, ReadStreamRequest, ReadStreamResponse,
    ResumeContainerRequest, SignalProcessRequest, Storage, WaitProcessRequest, WaitProcessResponse,
};
use virtc_agent::status::Code;

/// The id that a client gives to the first process of `c1`.
const INIT: &str = "init-of-c1";

/// In nanoseconds: a read of what never comes ends then.
const LONGEST_READ: i64 = 30_000_000_000;

fn sleeper(agent: &Agent) -> Client {
    let mut client = agent.client();
    let mut request = container("c1", &agent.root(), shell("echo first; exec sleep 1000"));
    INIT.clone_into(&mut request.exec_id);
    client.create(&request);
    client.start("c1");
    client
}

fn signal(exec_id: &str, signal: u32) -> SignalProcessRequest {
    SignalProcessRequest {
        container_id: "c1".to_owned(),
        exec_id: exec_id.to_owned(),
        signal,
    }
}

fn read(client: &mut Client, exec_id: &str, len: u32) -> Result<Vec<u8>, Failure> {
    let request = ReadStreamRequest {
        container_id: "c1".to_owned(),
        exec_id: exec_id.to_owned(),
        len,
    };
    let id = client.send(AGENT, "ReadStdout", &request, LONGEST_READ);
    let (answered, result) = client.receive();
    assert_eq!(answered, id);
    let answer = ReadStreamResponse::decode(&result?[..]).unwrap();
    Ok(answer.data.to_vec())
}

#[test]
fn a_first_process_is_found_by_the_id_that_it_was_given() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    assert_eq!(read(&mut client, INIT, 100).unwrap(), b"first\n");
    client.fails("SignalProcess", &signal("init-of-c2", 9), Code::NotFound);
    client.ok("SignalProcess", &signal(INIT, 9));
    let request = WaitProcessRequest {
        container_id: "c1".to_owned(),
        exec_id: INIT.to_owned(),
    };
    let answer: WaitProcessResponse = client.call(AGENT, "WaitProcess", &request).unwrap();
    assert_eq!(answer.status, 128 + 9);
}

#[test]
fn signal_0_only_asks_and_no_bytes_are_read_where_none_are_wanted() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    client.exec(&exec("c1", "e1", process(&["cat"])));
    client.ok("SignalProcess", &signal("e1", 0));
    client.ok("SignalProcess", &signal("", 0));
    client.fails("SignalProcess", &signal("e7", 0), Code::NotFound);
    // Nothing has been written, so that any other read would wait.
    assert_eq!(read(&mut client, "e1", 0), Ok(Vec::new()));
    client.write("c1", "e1", b"still there\n");
    assert_eq!(read(&mut client, "e1", 0), Ok(Vec::new()));
    assert_eq!(read(&mut client, "e1", 100).unwrap(), b"still there\n");
    // Where nobody has asked for SIGTERM, a first process would be killed by it: 0 is none.
    client.close_stdin("c1", "e1");
    assert_eq!(client.wait("c1", "e1"), 0);
    client.ok("SignalProcess", &signal("", 0));
}

#[test]
fn a_pause_that_fails_leaves_nothing_paused() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    let container_id = "c1".to_owned();
    // The machine of the tests has no cgroups of the agent's.
    let pause = PauseContainerRequest {
        container_id: container_id.clone(),
    };
    for _ in 0..2 {
        let text = client.fails("PauseContainer", &pause, Code::FailedPrecondition);
        assert!(text.contains("cgroups"), "{text}");
    }
    let resume = ResumeContainerRequest { container_id };
    let text = client.fails("ResumeContainer", &resume, Code::Internal);
    assert!(text.contains("not paused"), "{text}");
    client.exec(&exec("c1", "e1", process(&["true"])));
    assert_eq!(client.wait("c1", "e1"), 0);
}

#[test]
fn an_unknown_namespace_is_refused_and_nothing_stays() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let mut request = container("c1", &agent.root(), process(&["true"]));
    let linux = request.oci.as_mut().unwrap().linux.get_or_insert_default();
    linux.namespaces.push(LinuxNamespace {
        r#type: "moon".to_owned(),
        path: String::new(),
    });
    let text = client.fails("CreateContainer", &request, Code::InvalidArgument);
    assert!(text.contains("\"moon\""), "{text}");
    assert!(!agent.path("run/c1").exists());
    client.create(&container("c1", &agent.root(), process(&["true"])));
}

#[test]
fn a_container_sees_no_groups_but_its_own() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let script = "readlink /proc/self/ns/cgroup";
    client.create(&container("c1", &agent.root(), shell(script)));
    client.start("c1");
    let own = client.stdout("c1", "");
    let of_agent = fs::read_link(format!("/proc/{}/ns/cgroup", agent.pid())).unwrap();
    assert!(own.starts_with("cgroup:["), "{own}");
    assert_ne!(own.trim(), of_agent.to_str().unwrap());
}

#[test]
fn a_profile_of_apparmor_is_dropped_where_the_guest_has_none() {
    let enabled = fs::read_to_string("/sys/module/apparmor/parameters/enabled");
    if enabled.is_ok_and(|text| text.trim() == "Y") {
        return;
    }
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let mut confined = process(&["cat"]);
    "docker-default".clone_into(&mut confined.apparmor_profile);
    client.create(&container("c1", &agent.root(), confined.clone()));
    client.start("c1");
    client.exec(&exec("c1", "e1", confined));
    client.close_stdin("c1", "e1");
    assert_eq!(client.wait("c1", "e1"), 0);
}

#[test]
fn an_overlay_is_made_writable_by_an_option_or_a_driver_option() {
    const WRITABLE: &str = "io.katacontainers.fs-opt.overlay-rw";
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    // Without an upper layer the kernel wants two lower ones.
    let below = agent.path("below");
    fs::create_dir(&below).unwrap();
    for (id, by_driver) in [("c1", false), ("c2", true), ("c3", false)] {
        let place = agent
            .path(&format!("run/{id}/rootfs"))
            .display()
            .to_string();
        let mut storage = Storage {
            driver: "overlayfs".to_owned(),
            source: "overlay".to_owned(),
            fstype: "overlay".to_owned(),
            options: vec![format!("lowerdir={}:{}", agent.root(), below.display())],
            mount_point: place.clone(),
            ..Storage::default()
        };
        match (id, by_driver) {
            ("c3", _) => {}
            (_, true) => storage.driver_options.push(WRITABLE.to_owned()),
            (_, false) => storage.options.push(WRITABLE.to_owned()),
        }
        let mut request = container(id, &place, shell("echo new > /note && cat /note"));
        request.storages.push(storage);
        client.create(&request);
        client.start(id);
        let expected = if id == "c3" { "" } else { "new\n" };
        assert_eq!(client.stdout(id, ""), expected, "{id}");
        client.remove(id);
        assert!(!agent.path("root/note").exists());
    }
}
