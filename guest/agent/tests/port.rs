//! A virtio-serial port, played by a socket pair that keeps the borders of writes as a port does.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use prost::Message;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tokio::task::LocalSet;
use virtc_agent::config::Config;
use virtc_agent::proto::grpc::{CheckRequest, CreateSandboxRequest};
use virtc_agent::proto::virtcontainers::ChangeOwnerRequest;
use virtc_agent::server::{assemble, port};
use virtc_agent::status::Code;
use virtc_agent::ttrpc::frame::HEADER;
use virtc_agent::ttrpc::message::{Request, Response};

const TOKEN: [u8; 16] = [1; 16];

/// Serves one port while `host` plays the other end.
fn with_port(host: impl FnOnce(UnixStream) + Send + 'static) {
    let (ours, theirs) = rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    rustix::io::ioctl_fionbio(&ours, true).unwrap();
    let host = std::thread::spawn(move || {
        let stream = UnixStream::from(theirs);
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        host(stream);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, serve(ours, &host));
    host.join().unwrap();
}

async fn serve(port: OwnedFd, host: &std::thread::JoinHandle<()>) {
    let arguments = ["--server-address", "unix://@unused"].map(str::to_owned);
    let config = Config::from_arguments(arguments.into_iter(), |_| None).unwrap();
    let agent = Rc::new(assemble(config, false).unwrap());
    agent.booted.set();
    tokio::task::spawn_local(port::serve(agent, "test".to_owned(), port));
    while !host.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn hello(token: [u8; 16], nonce: u8) -> Vec<u8> {
    [&b"VIRTCHLO"[..], &token, &[nonce; 16]].concat()
}

fn ack(nonce: u8) -> Vec<u8> {
    [&b"VIRTCACK"[..], &[nonce; 16], &[0; 8]].concat()
}

fn check(stream: u8) -> Vec<u8> {
    call(stream, "grpc.Health", "Check", &CheckRequest::default())
}

fn call(stream: u8, service: &str, method: &str, message: &impl Message) -> Vec<u8> {
    let body = Request {
        service: service.to_owned(),
        method: method.to_owned(),
        payload: message.encode_to_vec().into(),
        timeout_nano: 0,
    }
    .encode_to_vec();
    let head = [0, 0, 0, body.len() as u8, 0, 0, 0, stream, 1, 0];
    [&head[..], &body].concat()
}

fn read(stream: &mut UnixStream) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let length = stream.read(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

/// The stream id that the next answer is for.
fn answered(stream: &mut UnixStream) -> u8 {
    read(stream)[7]
}

#[test]
fn nothing_is_answered_before_the_handshake() {
    with_port(|mut host| {
        host.write_all(&check(1)).unwrap();
        host.write_all(&hello(TOKEN, 7)).unwrap();
        assert_eq!(read(&mut host), ack(7));
        host.write_all(&check(3)).unwrap();
        assert_eq!(answered(&mut host), 3);
    });
}

#[test]
fn calls_may_follow_in_the_same_write() {
    with_port(|mut host| {
        let bytes = [hello(TOKEN, 7), check(1), check(3)].concat();
        host.write_all(&bytes).unwrap();
        assert_eq!(read(&mut host), ack(7));
        assert_eq!([answered(&mut host), answered(&mut host)], [1, 3]);
    });
}

#[test]
fn a_new_client_drops_the_half_frame_of_the_old_one() {
    with_port(|mut host| {
        host.write_all(&hello(TOKEN, 1)).unwrap();
        assert_eq!(read(&mut host), ack(1));
        let whole = check(1);
        for cut in [1, 5, 9, 10, whole.len() - 1] {
            host.write_all(&whole[..cut]).unwrap();
            host.write_all(&hello(TOKEN, cut as u8)).unwrap();
            assert_eq!(read(&mut host), ack(cut as u8));
            host.write_all(&check(5)).unwrap();
            assert_eq!(answered(&mut host), 5);
        }
    });
}

#[test]
fn a_wrong_token_is_not_obeyed() {
    with_port(|mut host| {
        host.write_all(&hello(TOKEN, 1)).unwrap();
        assert_eq!(read(&mut host), ack(1));
        host.write_all(&hello([2; 16], 2)).unwrap();
        host.write_all(&check(1)).unwrap();
        host.write_all(&hello(TOKEN, 3)).unwrap();
        assert_eq!(read(&mut host), ack(3));
    });
}

/// Has the guest given to the owner of a token; gives the code of the answer, 0 for none.
fn change_owner(host: &mut UnixStream, token: [u8; 16]) -> i32 {
    let request = ChangeOwnerRequest {
        token: token.to_vec().into(),
    };
    let call = call(1, "virtcontainers.Extension", "ChangeOwner", &request);
    host.write_all(&call).unwrap();
    let answer = read(host);
    let response = Response::decode(&answer[HEADER..]).unwrap();
    response.status.map_or(0, |status| status.code)
}

#[test]
fn a_guest_is_given_to_another_owner_once() {
    with_port(|mut host| {
        host.write_all(&hello(TOKEN, 1)).unwrap();
        assert_eq!(read(&mut host), ack(1));
        assert_eq!(change_owner(&mut host, [2; 16]), 0);
        // What the owner before says, in the session that he has or in another, is not heard.
        host.write_all(&check(3)).unwrap();
        host.write_all(&hello(TOKEN, 2)).unwrap();
        host.write_all(&check(5)).unwrap();
        host.write_all(&hello([2; 16], 3)).unwrap();
        assert_eq!(read(&mut host), ack(3));
        host.write_all(&check(7)).unwrap();
        assert_eq!(answered(&mut host), 7);
        assert_eq!(
            change_owner(&mut host, [3; 16]),
            Code::FailedPrecondition as i32
        );
    });
}

#[test]
fn a_guest_with_a_sandbox_stays_with_its_owner() {
    with_port(|mut host| {
        host.write_all(&hello(TOKEN, 1)).unwrap();
        assert_eq!(read(&mut host), ack(1));
        let create = CreateSandboxRequest::default();
        host.write_all(&call(1, "grpc.AgentService", "CreateSandbox", &create))
            .unwrap();
        assert_eq!(answered(&mut host), 1);
        assert_eq!(
            change_owner(&mut host, [2; 16]),
            Code::FailedPrecondition as i32
        );
    });
}
