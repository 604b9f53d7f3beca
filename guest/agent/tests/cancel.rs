//! A process that is killed while it is being started, or before, never lives on.

mod common;

use std::fs;
use std::io::Read;

use common::Agent;
use common::client::{AGENT, Client};
use common::spec::{container, exec, process, shell};
use rustix::fs::{CWD, Mode};
use virtc_agent::proto::grpc::{
    ExecProcessRequest, GuestDetailsRequest, GuestDetailsResponse, RemoveContainerRequest,
    SignalProcessRequest,
};
use virtc_agent::status::Code;

/// A crun that, asked for an exec, tells of it and waits for ever before it does it.
const WAITS_BEFORE: &str = "case \" $* \" in *' exec '*) echo > {}/told; read never < {}/never;; esac\nexec /usr/bin/crun \"$@\"";
/// The same, after it has done it.
const WAITS_AFTER: &str = "/usr/bin/crun \"$@\" || exit\ncase \" $* \" in *' exec '*) echo > {}/told; read never < {}/never;; esac";
/// A crun that waits until it may go on.
const WAITS_FOR_LEAVE: &str = "case \" $* \" in *' WHAT '*) echo > {}/told; read leave < {}/never;; esac\nexec /usr/bin/crun \"$@\"";

fn sleeper(script: &str) -> (Agent, Client) {
    let agent = Agent::with_crun(script);
    for name in ["told", "never"] {
        rustix::fs::mkfifoat(CWD, agent.path(name), Mode::RWXU).unwrap();
    }
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["sleep", "1000"])));
    client.start("c1");
    (agent, client)
}

/// Waits until crun has come to where it waits.
fn told(agent: &Agent) {
    let mut line = String::new();
    fs::File::open(agent.path("told"))
        .and_then(|mut file| file.read_to_string(&mut line))
        .unwrap();
    assert_eq!(line, "\n");
}

fn kill(exec_id: &str) -> SignalProcessRequest {
    signal(exec_id, 9)
}

fn signal(exec_id: &str, signal: u32) -> SignalProcessRequest {
    SignalProcessRequest {
        container_id: "c1".to_owned(),
        exec_id: exec_id.to_owned(),
        signal,
    }
}

/// Whether a process of this machine has these arguments.
fn runs(args: &str) -> bool {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let mut lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.any(|line| line.trim() == args)
}

fn exec_sleep(seconds: &str) -> ExecProcessRequest {
    exec("c1", "e1", process(&["sleep", seconds]))
}

#[test]
fn a_kill_while_crun_is_at_work_leaves_nothing() {
    for (script, seconds) in [(WAITS_BEFORE, "81001"), (WAITS_AFTER, "81002")] {
        let (agent, mut client) = sleeper(script);
        let mut other = agent.client();
        let id = other.send(AGENT, "ExecProcess", &exec_sleep(seconds), 0);
        told(&agent);
        client.ok("SignalProcess", &kill("e1"));
        assert!(!runs(&format!("sleep {seconds}")), "{script}");
        let (answered, result) = other.receive();
        assert_eq!(
            (answered, result.unwrap_err().0),
            (id, Code::Cancelled as i32)
        );
        client.fails("SignalProcess", &kill("e1"), Code::NotFound);
    }
}

#[test]
fn a_kill_is_done_though_its_client_leaves() {
    let (agent, mut client) = sleeper(WAITS_AFTER);
    let mut other = agent.client();
    other.send(AGENT, "ExecProcess", &exec_sleep("81003"), 0);
    told(&agent);
    other.send(AGENT, "SignalProcess", &kill("e1"), 0);
    drop(other);
    // Its own kill waits for the end of the start too.
    let waited = SignalProcessRequest {
        signal: 0,
        ..kill("e1")
    };
    client.fails("SignalProcess", &waited, Code::NotFound);
    assert!(!runs("sleep 81003"));
}

#[test]
fn a_kill_that_comes_first_wins_once() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["sleep", "1000"])));
    client.start("c1");
    client.fails("SignalProcess", &signal("e1", 15), Code::NotFound);
    client.fails("SignalProcess", &kill("e1"), Code::NotFound);
    client.fails("ExecProcess", &exec_sleep("81004"), Code::Cancelled);
    assert!(!runs("sleep 81004"));
    // One that was there and is forgotten is killed no more.
    client.exec(&exec("c1", "e1", process(&["true"])));
    assert_eq!(client.wait("c1", "e1"), 0);
    assert_eq!(
        (client.stdout("c1", "e1"), client.stderr("c1", "e1")),
        Default::default()
    );
    client.fails("SignalProcess", &kill("e1"), Code::NotFound);
    client.exec(&exec("c1", "e1", process(&["true"])));
    // A console is a process like that.
    let console = SignalProcessRequest {
        container_id: String::new(),
        ..kill("k1")
    };
    client.fails("SignalProcess", &console, Code::NotFound);
    let open = ExecProcessRequest {
        exec_id: "k1".to_owned(),
        ..ExecProcessRequest::default()
    };
    client.fails("ExecProcess", &open, Code::Cancelled);
    client.exec(&open);
    let details: Result<GuestDetailsResponse, _> =
        client.call(AGENT, "GetGuestDetails", &GuestDetailsRequest::default());
    let features = details.unwrap().agent_details.unwrap().extra_features;
    assert!(features.contains(&"cancel-exec".to_owned()));
}

#[test]
fn a_kill_is_answered_when_the_process_is_gone() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["sleep", "1000"])));
    client.start("c1");
    for number in 0..20 {
        let seconds = format!("8200{number}");
        client.exec(&exec(
            "c1",
            &format!("e{number}"),
            process(&["sleep", &seconds]),
        ));
        client.ok("SignalProcess", &kill(&format!("e{number}")));
        assert!(!runs(&format!("sleep {seconds}")));
    }
}

#[test]
fn another_signal_waits_for_the_start() {
    let (agent, _) = sleeper(&WAITS_FOR_LEAVE.replace("WHAT", "exec"));
    let mut other = agent.client();
    let script = "trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done";
    other.send(AGENT, "ExecProcess", &exec("c1", "e1", shell(script)), 0);
    told(&agent);
    let mut third = agent.client();
    let asked = third.send(AGENT, "SignalProcess", &signal("e1", 0), 0);
    fs::write(agent.path("never"), "go\n").unwrap();
    assert_eq!(other.receive().1, Ok(vec![]));
    assert_eq!(third.receive(), (asked, Ok(vec![])));
    other.read_until("c1", "e1", "up");
    other.signal("c1", "e1", 15);
    assert_eq!(other.wait("c1", "e1"), 5);
}

#[test]
fn a_container_that_is_being_made_can_be_removed() {
    let agent = Agent::with_crun(&WAITS_FOR_LEAVE.replace("WHAT", "create"));
    for name in ["told", "never"] {
        rustix::fs::mkfifoat(CWD, agent.path(name), Mode::RWXU).unwrap();
    }
    let mut other = agent.client();
    let request = container("c1", &agent.root(), process(&["sleep", "81005"]));
    other.send(AGENT, "CreateContainer", &request, 0);
    told(&agent);
    let mut client = agent.client();
    let remove = RemoveContainerRequest {
        container_id: "c1".to_owned(),
        timeout: 0,
    };
    let asked = client.send(AGENT, "RemoveContainer", &remove, 0);
    fs::write(agent.path("never"), "go\n").unwrap();
    assert_eq!(other.receive().1, Ok(vec![]));
    assert_eq!(client.receive(), (asked, Ok(vec![])));
    assert!(!agent.path("run/c1").exists());
}
