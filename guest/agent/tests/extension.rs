//! What the agent offers beyond the Kata contract: output by offset, the table of processes, a
//! console of the guest.

mod common;

use std::fs;

use common::Agent;
use common::client::{Client, Failure};
use common::spec::{container, exec, process, shell};
use virtc_agent::proto::grpc::{
    Box as ConsoleSize, ExecProcessRequest, GuestDetailsRequest, GuestDetailsResponse, Process,
    TtyWinResizeRequest,
};
use virtc_agent::proto::virtcontainers::{
    OutputSink, OutputStream, ProcessTableRequest, ProcessTableResponse, ReadOutputRequest,
    ReadOutputResponse, SetOnlineCpusRequest, SetOutputRequest,
};
use virtc_agent::status::Code;

const EXTENSION: &str = "virtcontainers.Extension";

fn request(offset: Option<u64>, len: u32) -> ReadOutputRequest {
    ReadOutputRequest {
        container_id: "c1".to_owned(),
        exec_id: "e1".to_owned(),
        stream: OutputStream::Stdout as i32,
        offset,
        len,
    }
}

fn read(client: &mut Client, offset: Option<u64>, len: u32) -> Result<ReadOutputResponse, Failure> {
    client.call(EXTENSION, "ReadOutput", &request(offset, len))
}

fn started(agent: &Agent, script: &str) -> Client {
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["sleep", "1000"])));
    client.start("c1");
    client.exec(&exec("c1", "e1", shell(script)));
    client
}

#[test]
fn output_goes_on_where_a_lost_connection_left_it() {
    let agent = Agent::with_sandbox();
    let mut client = started(&agent, "seq 1 300000");
    let expected: Vec<u8> = (1..=300_000)
        .flat_map(|n| format!("{n}\n").into_bytes())
        .collect();
    let mut all: Vec<u8> = Vec::new();
    let mut asks = 0;
    loop {
        asks += 1;
        if asks % 3 == 0 {
            // The answer to this call is lost with its connection.
            let lost = request(Some(all.len() as u64), 1 << 20);
            client.send(EXTENSION, "ReadOutput", &lost, 0);
            client = agent.client();
        }
        let answer = read(&mut client, Some(all.len() as u64), 100_000).unwrap();
        assert_eq!(answer.offset, all.len() as u64);
        all.extend(&answer.data);
        if answer.eof {
            break;
        }
    }
    assert!(all == expected);
    assert_eq!(client.wait("c1", "e1"), 0);
    // Its client may have missed the end too, so that it is told again.
    let end = read(&mut client, Some(all.len() as u64), 1).unwrap();
    assert!(end.eof && end.data.is_empty());
    assert_eq!(client.wait("c1", "e1"), 0);
}

#[test]
fn an_offset_acknowledges_what_lies_before_it() {
    let agent = Agent::with_sandbox();
    let mut client = started(&agent, "printf abcdef; read line; printf ghi");
    let text = |answer: ReadOutputResponse| (answer.offset, answer.data);
    assert_eq!(
        text(read(&mut client, None, 100).unwrap()),
        (0, "abcdef".into())
    );
    assert_eq!(text(read(&mut client, None, 2).unwrap()), (0, "ab".into()));
    assert_eq!(
        text(read(&mut client, Some(2), 100).unwrap()),
        (2, "cdef".into())
    );
    for offset in [0, 1, 7, u64::MAX] {
        let (code, text) = read(&mut client, Some(offset), 100).unwrap_err();
        assert_eq!(code, Code::OutOfRange as i32, "{text}");
    }
    // Without a length nothing is waited for.
    assert_eq!(text(read(&mut client, Some(6), 0).unwrap()), (6, "".into()));
    client.write("c1", "e1", b"go\n");
    assert_eq!(
        text(read(&mut client, Some(6), 100).unwrap()),
        (6, "ghi".into())
    );
    // Who reads without offsets gets what nobody has acknowledged.
    assert_eq!(client.stdout("c1", "e1"), "ghi");
    let end = read(&mut client, None, 100).unwrap();
    assert_eq!((end.offset, end.eof), (9, true));
    let wrong = ReadOutputRequest {
        stream: 0,
        ..request(None, 1)
    };
    let result: Result<ReadOutputResponse, Failure> = client.call(EXTENSION, "ReadOutput", &wrong);
    assert_eq!(result.unwrap_err().0, Code::InvalidArgument as i32);
}

#[test]
fn what_nobody_has_acknowledged_goes_to_the_log() {
    let agent = Agent::with_sandbox();
    let mut client = started(&agent, "printf abcdef; read line; exit 3");
    assert_eq!(read(&mut client, None, 100).unwrap().data, "abcdef");
    read(&mut client, Some(2), 0).unwrap();
    let sink = SetOutputRequest {
        container_id: "c1".to_owned(),
        exec_id: "e1".to_owned(),
        sink: OutputSink::Log as i32,
    };
    let result: Result<(), Failure> = client.call(EXTENSION, "SetOutput", &sink);
    assert_eq!(result, Ok(()));
    let (code, _) = read(&mut client, None, 1).unwrap_err();
    assert_eq!(code, Code::FailedPrecondition as i32);
    client.write("c1", "e1", b"go\n");
    let log = log_until(&agent, b"c1e1\x03\0\0\0");
    assert!(log.windows(8).any(|bytes| bytes == b"c1e1cdef"));
}

/// The log once it contains these bytes.
fn log_until(agent: &Agent, bytes: &[u8]) -> Vec<u8> {
    loop {
        let log = fs::read(agent.path("log.bin")).unwrap();
        if log.windows(bytes.len()).any(|part| part == bytes) {
            return log;
        }
        std::thread::yield_now();
    }
}

#[test]
fn the_log_tells_the_end_of_every_container() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&container(
        "c1",
        &agent.root(),
        shell("echo unread; exit 6"),
    ));
    client.start("c1");
    let log = log_until(&agent, b"c1\x06\0\0\0");
    assert_eq!(log.len(), 26);
    assert_eq!(log[5], 3);
    assert_eq!(client.stdout("c1", ""), "unread\n");
}

#[test]
fn the_table_has_all_processes_of_a_container() {
    let agent = Agent::with_sandbox();
    let mut client = started(&agent, "sleep 7 & echo up; wait");
    client.read_until("c1", "e1", "up");
    let wanted = ProcessTableRequest {
        container_id: "c1".to_owned(),
    };
    // That two of them run their programs can't be awaited: the last one, and the first, whose start ends when it is let go.
    let table = loop {
        let table: ProcessTableResponse = client.call(EXTENSION, "ProcessTable", &wanted).unwrap();
        let mut args: Vec<String> = table.rows.iter().map(|row| row.args.join(" ")).collect();
        args.sort();
        assert_eq!(args.len(), 3, "{args:?}");
        if args == ["sh -c sleep 7 & echo up; wait", "sleep 1000", "sleep 7"] {
            break table;
        }
        std::thread::yield_now();
    };
    let init = table
        .rows
        .iter()
        .find(|row| row.args == ["sleep", "1000"])
        .unwrap();
    assert_eq!((init.ns_pid, init.uid, init.user.as_str()), (1, 0, "root"));
    assert_eq!((init.comm.as_str(), init.threads), ("sleep", 1));
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec as u64;
    assert!(init.start_time_s > now - 600 && init.start_time_s <= now + 1);
    let unknown = ProcessTableRequest {
        container_id: "c9".to_owned(),
    };
    let result: Result<(), Failure> = client.call(EXTENSION, "ProcessTable", &unknown);
    assert_eq!(result.unwrap_err().0, Code::InvalidArgument as i32);
}

#[test]
fn a_console_is_a_shell_of_the_guest() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let details = GuestDetailsRequest::default();
    let details: GuestDetailsResponse = client
        .call(common::client::AGENT, "GetGuestDetails", &details)
        .unwrap();
    let features = details.agent_details.unwrap().extra_features;
    for name in ["offsets", "processes", "console", "events", "cpus"] {
        assert!(features.iter().any(|known| known == name), "{name}");
    }
    let open = ExecProcessRequest {
        exec_id: "k1".to_owned(),
        process: Some(Process {
            console_size: Some(ConsoleSize {
                height: 24,
                width: 80,
            }),
            ..Process::default()
        }),
        ..ExecProcessRequest::default()
    };
    client.exec(&open);
    client.fails("ExecProcess", &open, Code::Internal);
    client.write("", "k1", b"stty size\n");
    client.read_until("", "k1", "24 80\r\n");
    client.write("", "k1", b"echo $((6*7)) $$ <$(tty)\n");
    let text = client.read_until("", "k1", "42 ");
    assert!(!text.contains("not a tty"), "{text}");
    let size = TtyWinResizeRequest {
        exec_id: "k1".to_owned(),
        row: 50,
        column: 132,
        ..TtyWinResizeRequest::default()
    };
    client.ok("TtyWinResize", &size);
    client.write("", "k1", b"stty size; exit 5\n");
    client.read_until("", "k1", "50 132\r\n");
    assert_eq!(client.wait("", "k1"), 5);
    client.exec(&ExecProcessRequest {
        exec_id: "k2".to_owned(),
        ..open
    });
    client.signal("", "k2", 9);
    assert_eq!(client.wait("", "k2"), 137);
    let unknown = TtyWinResizeRequest {
        exec_id: "k9".to_owned(),
        ..size
    };
    client.fails("TtyWinResize", &unknown, Code::NotFound);
}

#[test]
fn at_least_one_cpu_stays() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let none = SetOnlineCpusRequest { count: 0 };
    let result: Result<(), Failure> = client.call(EXTENSION, "SetOnlineCpus", &none);
    assert_eq!(result.unwrap_err().0, Code::InvalidArgument as i32);
}
