//! The log of containers on a disk, played by a file.

mod common;

use std::fs;
use std::path::Path;

use common::Agent;
use common::spec::{container, shell};
use virtc_agent::proto::grpc::CreateSandboxRequest;
use virtc_agent::status::Code;

const SIZE: usize = 1 << 20;

fn disk(path: &Path, header: &str) {
    let mut bytes = header.as_bytes().to_vec();
    bytes.resize(SIZE, 0);
    fs::write(path, bytes).unwrap();
}

/// The records' streams and payloads, up to the first zero.
fn records(path: &Path) -> Vec<(u8, Vec<u8>)> {
    let bytes = fs::read(path).unwrap();
    let (mut rest, mut records) = (&bytes[512..], Vec::new());
    while rest.starts_with(b"VCLG") {
        let length = u32::from_le_bytes(rest[16..20].try_into().unwrap()) as usize;
        let start = 20 + usize::from(rest[6]) + usize::from(rest[7]);
        records.push((rest[5], rest[start..start + length].to_vec()));
        rest = &rest[start + length..];
    }
    assert!(rest.iter().all(|byte| *byte == 0));
    records
}

#[test]
fn output_and_ends_are_on_the_disk_up_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    disk(&path, &format!("VIRTCLOGDISK1\n{SIZE}\n"));
    let agent = Agent::start_with(&["--log-disk", path.to_str().unwrap()]).set_up();
    let mut client = agent.client();
    let script = "echo one; echo two >&2; dd if=/dev/zero bs=64k count=32 2>/dev/null; exit 7";
    let mut request = container("c1", &agent.root(), shell(script));
    (request.stdout_port, request.stderr_port) = (0xFFFF_FFFE, 0xFFFF_FFFE);
    client.create(&request);
    client.start("c1");
    assert_eq!(client.wait("c1", ""), 7);
    // The end comes when all output has been taken.
    let records = loop {
        let records = records(&path);
        if records.last().is_some_and(|(stream, _)| *stream == 3) {
            break records;
        }
        std::thread::yield_now();
    };
    let of = |wanted: u8| -> Vec<u8> {
        let parts = records.iter().filter(|(stream, _)| *stream == wanted);
        parts.flat_map(|(_, data)| data.clone()).collect()
    };
    assert!(of(1).starts_with(b"one\n"));
    assert_eq!(of(2), b"two\n");
    assert_eq!(of(3), 7i32.to_le_bytes());
    assert!((SIZE / 2..SIZE).contains(&of(1).len()));
    // Nothing of it went where it goes without a disk.
    assert_eq!(fs::read(agent.path("log.bin")).unwrap(), b"");
}

#[test]
fn no_sandbox_is_made_with_a_disk_that_is_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    disk(&path, "somebody's data");
    let agent = Agent::start_with(&["--log-disk", path.to_str().unwrap()]);
    let request = CreateSandboxRequest::default();
    let text = agent
        .client()
        .fails("CreateSandbox", &request, Code::FailedPrecondition);
    assert!(text.contains("log of containers"), "{text}");
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"somebody's data\0") && bytes.len() == SIZE);
}
