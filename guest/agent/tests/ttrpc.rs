//! The protocol's own errors, and calls that run at once.

mod common;

use common::Agent;
use common::client::{AGENT, Failure};
use common::spec::{container, process};
use prost::Message;
use virtc_agent::proto::grpc::{
    CheckRequest, CreateSandboxRequest, GuestDetailsRequest, GuestDetailsResponse,
    HealthCheckResponse, ReadStreamRequest, ReseedRandomDevRequest, SetGuestDateTimeRequest,
    StartContainerRequest, StatsContainerRequest, VersionCheckResponse, WaitProcessRequest,
};
use virtc_agent::status::Code;
use virtc_agent::ttrpc::frame::{MAX_BODY, REQUEST};
use virtc_agent::ttrpc::message::Request;

#[test]
fn health_and_details() {
    let agent = Agent::start();
    let mut client = agent.client();
    let check = CheckRequest::default();
    let answer: HealthCheckResponse = client.call("grpc.Health", "Check", &check).unwrap();
    assert_eq!(answer.status, 1);
    let answer: VersionCheckResponse = client.call("grpc.Health", "Version", &check).unwrap();
    assert_eq!(answer.agent_version, env!("CARGO_PKG_VERSION"));
    let request = GuestDetailsRequest {
        mem_block_size: true,
        mem_hotplug_probe: true,
    };
    let answer: GuestDetailsResponse = client.call(AGENT, "GetGuestDetails", &request).unwrap();
    let details = answer.agent_details.unwrap();
    assert!(
        details
            .extra_features
            .contains(&"virtcontainers".to_owned())
    );
    assert!(details.storage_handlers.contains(&"overlayfs".to_owned()));
    assert!(!details.init_daemon);
}

#[test]
fn every_error_of_the_protocol() {
    let agent = Agent::start();
    let mut client = agent.client();
    let check = CheckRequest::default();
    let code = |result: Result<(), Failure>| result.unwrap_err().0;
    let result = client.call("grpc.Nothing", "Check", &check);
    assert_eq!(code(result), Code::InvalidArgument as i32);
    let result = client.call(AGENT, "Nothing", &check);
    assert_eq!(code(result), Code::Unimplemented as i32);
    let garbage = WaitProcessRequest {
        container_id: "\u{1}".to_owned(),
        exec_id: String::new(),
    };
    let body = Request {
        service: AGENT.to_owned(),
        method: "WaitProcess".to_owned(),
        payload: vec![0xff; 9].into(),
        timeout_nano: 0,
    };
    client.fails("WaitProcess", &garbage, Code::FailedPrecondition);
    client.ok("CreateSandbox", &CreateSandboxRequest::default());
    client.send_frame(101, REQUEST, &body.encode_to_vec());
    let (id, result) = client.receive();
    assert_eq!(
        (id, result.unwrap_err().0),
        (101, Code::InvalidArgument as i32)
    );
    client.send_frame(103, REQUEST, &[0xff; 9]);
    assert_eq!(
        client.receive().1.unwrap_err().0,
        Code::InvalidArgument as i32
    );
    client.send_frame(104, REQUEST, &[]);
    assert_eq!(
        client.receive().1.unwrap_err().0,
        Code::InvalidArgument as i32
    );
    client.send_frame(105, REQUEST, &vec![0; MAX_BODY + 1]);
    let (id, result) = client.receive();
    assert_eq!(
        (id, result.unwrap_err().0),
        (105, Code::InvalidArgument as i32)
    );
    client.send_frame(107, 3, b"data of no stream");
    let _: HealthCheckResponse = client.call("grpc.Health", "Check", &check).unwrap();
}

#[test]
fn the_random_device_is_reseeded() {
    let agent = Agent::start();
    let mut client = agent.client();
    let request = |data: &[u8]| ReseedRandomDevRequest {
        data: data.to_vec().into(),
    };
    client.ok("ReseedRandomDev", &request(&[7; 512]));
    client.fails("ReseedRandomDev", &request(&[]), Code::InvalidArgument);
    let time = SetGuestDateTimeRequest {
        sec: 0,
        usec: 1_000_000,
    };
    let text = client.fails("SetGuestDateTime", &time, Code::InvalidArgument);
    assert!(text.contains("Usec"), "{text}");
}

#[test]
fn the_order_of_calls() {
    let agent = Agent::start();
    let mut client = agent.client();
    let start = StartContainerRequest {
        container_id: "c1".to_owned(),
    };
    client.fails("StartContainer", &start, Code::FailedPrecondition);
    let create = CreateSandboxRequest::default();
    client.ok("CreateSandbox", &create);
    client.fails("CreateSandbox", &create, Code::AlreadyExists);
    let unknown = StatsContainerRequest {
        container_id: "c1".to_owned(),
    };
    client.fails("StatsContainer", &unknown, Code::InvalidArgument);
}

#[test]
fn a_deadline_ends_a_wait_and_loses_no_output() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["cat"])));
    client.start("c1");
    let read = ReadStreamRequest {
        container_id: "c1".to_owned(),
        exec_id: String::new(),
        len: 100,
    };
    let id = client.send(AGENT, "ReadStdout", &read, 20_000_000);
    let (answered, result) = client.receive();
    assert_eq!(answered, id);
    assert_eq!(result.unwrap_err().0, Code::DeadlineExceeded as i32);
    client.write("c1", "", b"later");
    assert_eq!(client.read("ReadStdout", "c1", ""), b"later");
}

#[test]
fn calls_of_one_client_run_at_once() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["cat"])));
    client.start("c1");
    let wait = WaitProcessRequest {
        container_id: "c1".to_owned(),
        exec_id: String::new(),
    };
    let first = client.send(AGENT, "WaitProcess", &wait, 0);
    let second = client.send(AGENT, "WaitProcess", &wait, 0);
    let mut other = agent.client();
    other.close_stdin("c1", "");
    let mut answers = [client.receive(), client.receive()];
    answers.sort();
    assert_eq!(answers, [(first, Ok(vec![])), (second, Ok(vec![]))]);
}

#[test]
fn what_waits_for_a_client_that_left_is_forgotten() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["cat"])));
    client.start("c1");
    let read = ReadStreamRequest {
        container_id: "c1".to_owned(),
        exec_id: String::new(),
        len: 100,
    };
    let mut gone = agent.client();
    gone.send(AGENT, "ReadStdout", &read, 0);
    let _: HealthCheckResponse = {
        let id = gone.send("grpc.Health", "Check", &CheckRequest::default(), 0);
        let (answered, payload) = gone.receive();
        assert_eq!(answered, id);
        HealthCheckResponse::decode(&payload.unwrap()[..]).unwrap()
    };
    drop(gone);
    client.write("c1", "", b"for me");
    assert_eq!(client.read("ReadStdout", "c1", ""), b"for me");
}
