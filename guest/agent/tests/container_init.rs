//! The first process of a container that runs a command as its child.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use common::Agent;
use common::spec::{container, process};

fn init(command: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_container-init"));
    program.arg("init").args(command);
    program
}

#[test]
fn it_ends_as_its_command_does() {
    for (command, code) in [
        (&["sh", "-c", "exit 7"] as &[&str], 7),
        (&["sh", "-c", "kill -9 $$"], 137),
        (&["/bin/true"], 0),
        (&["no-such-thing"], 127),
        (&["/nowhere/at/all"], 127),
        (&["/etc/passwd"], 126),
    ] {
        let output = init(command).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{command:?}: {output:?}");
    }
    let output = init(&["no-such-thing"]).output().unwrap();
    assert_eq!(output.stderr, b"init: no-such-thing: not found\n");
}

#[test]
fn it_hands_signals_on() {
    let script = "trap 'echo got; exit 5' USR1; echo ready; while :; do sleep 0.05; done";
    let mut child = init(&["sh", "-c", script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::USR1).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    lines.read_to_string(&mut line).unwrap();
    assert_eq!(line, "ready\ngot\n");
}

#[test]
fn of_a_container_it_is_asked_to_end_before_it_is_killed() {
    let agent = Agent::with_sandbox();
    let program = agent.path("root/init");
    std::fs::copy(env!("CARGO_BIN_EXE_container-init"), &program).unwrap();
    let mut client = agent.client();
    let script = "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
    let command = process(&["/init", "init", "sh", "-c", script]);
    client.create(&container("c1", &agent.root(), command));
    client.start("c1");
    client.read_until("c1", "", "ready");
    client.signal("c1", "", 15);
    assert_eq!(client.wait("c1", ""), 5);
}

#[test]
fn its_command_begins_with_no_signal_blocked_and_the_environment() {
    let script = "grep SigBlk /proc/self/status; echo $NOTE";
    let output = init(&["sh", "-c", script])
        .env("NOTE", "kept")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "SigBlk:\t0000000000000000\nkept\n");
}

#[test]
fn what_is_left_to_it_is_reaped() {
    let script = "(sleep 0.2 &) ; sleep 1; ls /proc | grep -c '^[0-9]'; \
        for p in /proc/[0-9]*; do grep -H 'State:.Z' $p/status; done; true";
    let output = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc"])
        .arg(env!("CARGO_BIN_EXE_container-init"))
        .args(["init", "sh", "-c", script])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("State"), "{text}");
}
