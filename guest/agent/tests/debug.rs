//! What is there to find faults with: the log for who connects, and a shell that needs no client of ours.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use common::Agent;
use rustix::process::{Pid, test_kill_process};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(20);

fn connect(agent: &Agent, name: &str) -> UnixStream {
    let stream = UnixStream::connect(agent.path(name)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn read_until(stream: &mut UnixStream, wanted: &str) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&text).contains(wanted) {
        let length = stream.read(&mut buffer).unwrap();
        assert_ne!(length, 0, "{}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn the_log_is_told_to_each_client_from_its_last_lines_on() {
    let agent = Agent::start();
    let mut readers: Vec<_> = (0..2)
        .map(|_| BufReader::new(connect(&agent, "log.sock")).lines())
        .collect();
    let mut until = |wanted: &str| {
        for lines in &mut readers {
            let found = lines.find_map(|line| {
                let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
                let text = |name: &str| line[name].as_str().unwrap().to_owned();
                text("msg")
                    .contains(wanted)
                    .then(|| (text("level"), text("ts")))
            });
            let (level, time) = found.unwrap();
            assert_eq!(level, "DEBUG");
            assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
        }
    };
    until("phase booted");
    agent.client().ok(
        "CreateSandbox",
        &virtc_agent::proto::grpc::CreateSandboxRequest::default(),
    );
    until("phase sandbox");
}

#[test]
fn a_shell_is_given_to_each_client_and_ends_with_it() {
    let agent = Agent::start();
    let mut first = connect(&agent, "console.sock");
    first.write_all(b"echo $((6*7)) $$ <$(tty)\n").unwrap();
    let text = read_until(&mut first, "42 ");
    assert!(!text.contains("not a tty"), "{text}");
    let mut second = connect(&agent, "console.sock");
    second
        .write_all(b"trap '' HUP; echo pid=$$=; cat\n")
        .unwrap();
    let text = read_until(&mut second, "=\r\n");
    let pid = text
        .rsplit("pid=")
        .find_map(|rest| rest.split_once('=')?.0.parse().ok());
    let pid = Pid::from_raw(pid.unwrap()).unwrap();
    assert!(test_kill_process(pid).is_ok());
    drop(second);
    let ended = format!(
        "while kill -0 {}; do sleep 0.1; done; exit\n",
        pid.as_raw_nonzero()
    );
    first.write_all(ended.as_bytes()).unwrap();
    let mut rest = String::new();
    first.read_to_string(&mut rest).unwrap();
    assert!(test_kill_process(pid).is_err());
}
