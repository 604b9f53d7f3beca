//! Terminals, signals, sinks.

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use common::Agent;
use common::client::{Client, Failure};
use common::spec::{container, exec, process, shell, with_terminal};
use virtc_agent::proto::grpc::{SignalProcessRequest, TtyWinResizeRequest, WriteStreamRequest};
use virtc_agent::proto::virtcontainers::{
    ListProcessesRequest, ListProcessesResponse, OutputSink, ProcessTableRequest,
    ProcessTableResponse, SetOutputRequest,
};
use virtc_agent::status::Code;

const EXTENSION: &str = "virtcontainers.Extension";

fn sleeper(agent: &Agent) -> Client {
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["sleep", "1000"])));
    client.start("c1");
    client
}

fn size(id: &str, exec: &str, row: u32, column: u32) -> TtyWinResizeRequest {
    TtyWinResizeRequest {
        container_id: id.to_owned(),
        exec_id: exec.to_owned(),
        row,
        column,
    }
}

#[test]
fn a_terminal_has_a_size_and_follows_a_resize() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let shell = with_terminal(process(&["sh"]));
    client.create(&container("c1", &agent.root(), shell));
    client.start("c1");
    client.write("c1", "", b"stty size\n");
    client.read_until("c1", "", "24 80\r\n");
    client.ok("TtyWinResize", &size("c1", "", 50, 132));
    client.write("c1", "", b"stty size; tty=$?\n");
    client.read_until("c1", "", "50 132\r\n");
    let text = client.fails(
        "TtyWinResize",
        &size("c1", "", 70_000, 1),
        Code::InvalidArgument,
    );
    assert!(text.contains("row"), "{text}");
    client.write("c1", "", b"exit 9\n");
    assert_eq!(client.wait("c1", ""), 9);
    assert!(client.stdout("c1", "").contains("exit 9"));
}

#[test]
fn exec_with_a_terminal_and_its_end_of_input() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    client.fails("TtyWinResize", &size("c1", "", 1, 1), Code::Unavailable);
    client.fails("TtyWinResize", &size("c1", "e9", 1, 1), Code::NotFound);
    client.exec(&exec("c1", "e1", with_terminal(process(&["cat"]))));
    client.write("c1", "e1", b"abc\n");
    client.read_until("c1", "e1", "abc\r\nabc\r\n");
    client.close_stdin("c1", "e1");
    assert_eq!(client.stdout("c1", "e1"), "");
    assert_eq!(client.wait("c1", "e1"), 0);
}

#[test]
fn signals_end_processes() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    client.exec(&exec("c1", "e1", process(&["sleep", "1000"])));
    client.signal("c1", "e1", 15);
    assert_eq!(client.wait("c1", "e1"), 128 + 15);
    client.exec(&exec("c1", "e2", shell("sleep 1000 & echo up; wait")));
    assert_eq!(client.read("ReadStdout", "c1", "e2"), b"up\n");
    client.signal("c1", "e2", 9);
    assert_eq!(client.wait("c1", "e2"), 128 + 9);
    // The group was killed: nothing holds the pipe any more.
    assert_eq!(client.stdout("c1", "e2"), "");
    let unknown = |exec: &str, signal: u32| SignalProcessRequest {
        container_id: "c1".to_owned(),
        exec_id: exec.to_owned(),
        signal,
    };
    client.fails("SignalProcess", &unknown("e7", 9), Code::NotFound);
    client.fails("SignalProcess", &unknown("", 65), Code::InvalidArgument);
    // An init has no handler of SIGTERM, so it is killed.
    client.signal("c1", "", 15);
    assert_eq!(client.wait("c1", ""), 128 + 9);
    client.signal("c1", "", 9);
}

#[test]
fn an_exec_is_killed_with_what_has_left_its_group_and_nothing_else() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    let stays = "setsid sleep 2000 >/dev/null 2>&1 & exec sleep 0";
    client.exec(&exec("c1", "e1", shell(stays)));
    assert_eq!(client.wait("c1", "e1"), 0);
    client.exec(&exec("c1", "e2", process(&["sleep", "2001"])));
    // A session of its own; one without its parent; an environment of its own.
    let goes = "setsid sleep 3000 & (setsid sleep 3001 &); env -i /bin/setsid /bin/sleep 3002 & \
        echo up; wait";
    client.exec(&exec("c1", "e3", shell(goes)));
    assert_eq!(client.read("ReadStdout", "c1", "e3"), b"up\n");
    client.signal("c1", "e3", 9);
    assert_eq!(client.wait("c1", "e3"), 128 + 9);
    let request = ProcessTableRequest {
        container_id: "c1".to_owned(),
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut left = String::new();
    while left != "sleep 1000, sleep 2000, sleep 2001" {
        assert!(Instant::now() < deadline, "{left}");
        let answer: Result<ProcessTableResponse, Failure> =
            client.call(EXTENSION, "ProcessTable", &request);
        let rows = answer.unwrap().rows;
        let mut args: Vec<String> = rows.iter().map(|row| row.args.join(" ")).collect();
        args.retain(|args| !args.is_empty());
        args.sort();
        left = args.join(", ");
    }
}

#[test]
fn all_of_a_container_are_killed() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    client.exec(&exec("c1", "e1", process(&["sleep", "1000"])));
    client.signal("c1", "", 9);
    assert_eq!(client.wait("c1", "e1"), 137);
    assert_eq!(client.wait("c1", ""), 137);
    client.remove("c1");
}

#[test]
fn input_of_a_process_that_has_ended_is_refused() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    client.exec(&exec("c1", "e1", process(&["true"])));
    assert_eq!(client.wait("c1", "e1"), 0);
    let write = WriteStreamRequest {
        container_id: "c1".to_owned(),
        exec_id: "e1".to_owned(),
        data: b"x".to_vec().into(),
    };
    // Its output has not been read to the end, so that its entry is still there.
    client.fails("WriteStdin", &write, Code::FailedPrecondition);
}

#[test]
fn much_output_comes_whole() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    client.exec(&exec("c1", "e1", process(&["seq", "1", "1000000"])));
    let expected: String = (1..=1_000_000).map(|n| format!("{n}\n")).collect();
    assert!(client.stdout("c1", "e1") == expected);
}

#[test]
fn a_sink_takes_what_was_not_read() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let script = "echo one; read line; echo two >&2; exit 5";
    client.create(&container("c1", &agent.root(), shell(script)));
    client.start("c1");
    let request = |sink: OutputSink| SetOutputRequest {
        container_id: "c1".to_owned(),
        exec_id: String::new(),
        sink: sink as i32,
    };
    let set = |client: &mut Client, sink| -> Result<(), Failure> {
        client.call(EXTENSION, "SetOutput", &request(sink))
    };
    set(&mut client, OutputSink::Log).unwrap();
    client.write("c1", "", b"go\n");
    assert_eq!(client.wait("c1", ""), 5);
    let (mut at, mut records) = (0, Vec::new());
    // A sink that no client reads is emptied soon after the end.
    let log = loop {
        let log = fs::read(agent.path("log.bin")).unwrap();
        if log.windows(4).filter(|bytes| bytes == b"VCLG").count() == 3 {
            break log;
        }
        std::thread::yield_now();
    };
    while at < log.len() {
        let number = |from: usize| u32::from_le_bytes(log[from..from + 4].try_into().unwrap());
        assert_eq!(
            (&log[at..at + 5], log[at + 6], log[at + 7]),
            (&b"VCLG\x01"[..], 2, 0)
        );
        let length = number(at + 16) as usize;
        let payload = at + 20 + 2;
        assert_eq!(&log[at + 20..payload], b"c1");
        records.push((log[at + 5], log[payload..payload + length].to_vec()));
        at = payload + length;
    }
    records.sort();
    let end = (3, 5i32.to_le_bytes().to_vec());
    assert_eq!(
        records,
        [(1, b"one\n".to_vec()), (2, b"two\n".to_vec()), end]
    );
}

#[test]
fn a_process_without_streams_has_null_devices_of_its_own() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    for id in ["e1", "e2"] {
        let mut request = exec("c1", id, process(&["sleep", "1000"]));
        request.stdin_port = u32::MAX;
        client.exec(&request);
    }
    let list = ListProcessesRequest::default();
    let answer: ListProcessesResponse = client.call(EXTENSION, "ListProcesses", &list).unwrap();
    let execs = answer
        .processes
        .iter()
        .filter(|row| !row.exec_id.is_empty());
    let opened = execs.map(|row| format!("/proc/{}/fd/0", row.pid));
    let machines = std::iter::once("/dev/null".to_owned());
    let nodes: Vec<_> = opened
        .chain(machines)
        .map(|path| fs::metadata(path).unwrap())
        .collect();
    let [one, other, machine] = nodes.as_slice() else {
        panic!("{} nodes", nodes.len());
    };
    // What a process's user does to it changes nothing for others.
    for (a, b) in [(one, other), (one, machine), (other, machine)] {
        assert_eq!((a.rdev(), a.mode()), (b.rdev(), b.mode()));
        assert_ne!((a.dev(), a.ino()), (b.dev(), b.ino()));
    }
}

#[test]
fn discarded_output_does_not_block() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    let mut request = exec(
        "c1",
        "e1",
        process(&["dd", "if=/dev/zero", "bs=1M", "count=9"]),
    );
    request.stdin_port = u32::MAX;
    request.stdout_port = u32::MAX;
    request.stderr_port = u32::MAX;
    client.exec(&request);
    let list = ListProcessesRequest::default();
    let answer: ListProcessesResponse = client.call(EXTENSION, "ListProcesses", &list).unwrap();
    let exec = answer
        .processes
        .iter()
        .find(|process| process.exec_id == "e1");
    let exec = exec.unwrap();
    assert_eq!(exec.sink, OutputSink::Discard as i32);
    assert_eq!(exec.args, ["dd", "if=/dev/zero", "bs=1M", "count=9"]);
    assert!(exec.started_at_ns > 1_000_000_000_000_000_000);
    assert_eq!(client.wait("c1", "e1"), 0);
}
