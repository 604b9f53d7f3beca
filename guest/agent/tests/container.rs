//! A container's life, with real crun.

mod common;

use common::Agent;
use common::spec::{container, exec, process, shell};
use virtc_agent::proto::grpc::{RemoveContainerRequest, StartContainerRequest, WaitProcessRequest};
use virtc_agent::status::Code;

#[test]
fn output_and_exit_code() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let script = "echo out; echo err >&2; exit 7";
    client.create(&container("c1", &agent.root(), shell(script)));
    client.start("c1");
    assert_eq!(client.wait("c1", ""), 7);
    assert_eq!(client.wait("c1", ""), 7);
    assert_eq!(client.stdout("c1", ""), "out\n");
    assert_eq!(client.stderr("c1", ""), "err\n");
    client.remove("c1");
    let request = WaitProcessRequest {
        container_id: "c1".to_owned(),
        ..WaitProcessRequest::default()
    };
    client.fails("WaitProcess", &request, Code::InvalidArgument);
    assert!(!agent.path("run/c1").exists());
    assert!(!agent.path("run/.crun/c1").exists());
}

#[test]
fn stdin_is_byte_exact_and_ends() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["cat"])));
    client.start("c1");
    let data: Vec<u8> = (0..3_000_000u32).map(|n| (n * 7 % 251) as u8).collect();
    let sent = data.clone();
    let mut writer = agent.client();
    let writing = std::thread::spawn(move || {
        for part in sent.chunks(1_000_000) {
            writer.write("c1", "", part);
        }
        writer.close_stdin("c1", "");
    });
    let back = client.read_all("ReadStdout", "c1", "");
    writing.join().unwrap();
    assert_eq!(back.len(), data.len());
    assert!(back == data);
    assert_eq!(client.wait("c1", ""), 0);
}

#[test]
fn a_second_container_of_an_id_harms_nothing() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let request = container("c1", &agent.root(), process(&["cat"]));
    client.create(&request);
    client.start("c1");
    client.fails("CreateContainer", &request, Code::AlreadyExists);
    client.write("c1", "", b"still here\n");
    assert_eq!(client.read_until("c1", "", "here"), "still here\n");
    let start = StartContainerRequest {
        container_id: "c1".to_owned(),
    };
    client.fails("StartContainer", &start, Code::FailedPrecondition);
}

#[test]
fn what_is_unknown_or_wrong_is_told() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let container_id = "none".to_owned();
    let start = StartContainerRequest {
        container_id: container_id.clone(),
    };
    let text = client.fails("StartContainer", &start, Code::Internal);
    assert!(text.contains("Invalid container id"), "{text}");
    let remove = RemoveContainerRequest {
        container_id,
        timeout: 0,
    };
    client.fails("RemoveContainer", &remove, Code::Internal);
    let mut request = container("../x", &agent.root(), process(&["true"]));
    let text = client.fails("CreateContainer", &request, Code::Internal);
    assert!(text.contains("invalid container ID"), "{text}");
    request.container_id = "c1".to_owned();
    request.oci = None;
    client.fails("CreateContainer", &request, Code::Internal);
    let request = container("c1", "/nonexistent", process(&["true"]));
    let text = client.fails("CreateContainer", &request, Code::InvalidArgument);
    assert!(text.contains("OCI.Root.Path"), "{text}");
    let mut request = container("c1", &agent.root(), process(&["true"]));
    request.stdout_port = 7;
    let text = client.fails("CreateContainer", &request, Code::InvalidArgument);
    assert!(text.contains("stdout_port"), "{text}");
}

#[test]
fn a_program_that_cannot_be_run() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let root = agent.root();
    let text = client.fails(
        "CreateContainer",
        &container("c1", &root, process(&["foo"])),
        Code::NotFound,
    );
    assert_eq!(text, "exec: \"foo\": not found in PATH");
    let denied = container("c1", &root, process(&["/etc/passwd"]));
    client.fails("CreateContainer", &denied, Code::PermissionDenied);
    let mut cwd = process(&["true"]);
    // A folder that is missing would be made, as other runtimes do.
    cwd.cwd = "/etc/passwd".to_owned();
    let text = client.fails(
        "CreateContainer",
        &container("c1", &root, cwd),
        Code::PermissionDenied,
    );
    assert!(text.contains("\"/etc/passwd\""), "{text}");
    let mut user = process(&["true"]);
    user.user.as_mut().unwrap().username = "nobody".to_owned();
    let text = client.fails(
        "CreateContainer",
        &container("c1", &root, user),
        Code::InvalidArgument,
    );
    assert!(text.contains("\"nobody\""), "{text}");
    assert!(!agent.path("run/c1").exists());
    client.create(&container("c1", &root, process(&["true"])));
}

#[test]
fn runs_as_the_named_user() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let mut process = shell("id -u; id -g; id -G; echo $HOME; hostname");
    process.user.as_mut().unwrap().username = "web".to_owned();
    client.create(&container("c1", &agent.root(), process));
    client.start("c1");
    let host = rustix::system::uname()
        .nodename()
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        client.stdout("c1", ""),
        format!("33\n34\n34 50\n/home/web\n{host}\n")
    );
}

#[test]
fn exec_has_its_own_streams_and_status() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["sleep", "1000"])));
    let request = exec("c1", "e1", shell("cat; echo bad >&2; exit 3"));
    client.fails("ExecProcess", &request, Code::FailedPrecondition);
    client.start("c1");
    client.exec(&request);
    let text = client.fails("ExecProcess", &request, Code::Internal);
    assert_eq!(text, "exec_id 'e1' already exists");
    client.write("c1", "e1", b"hello");
    client.close_stdin("c1", "e1");
    assert_eq!(client.stdout("c1", "e1"), "hello");
    assert_eq!(client.wait("c1", "e1"), 3);
    assert_eq!(client.stderr("c1", "e1"), "bad\n");
    let wait = WaitProcessRequest {
        container_id: "c1".to_owned(),
        exec_id: "e1".to_owned(),
    };
    client.fails("WaitProcess", &wait, Code::NotFound);
    let missing = exec("c1", "e2", process(&["/bin/foo"]));
    let text = client.fails("ExecProcess", &missing, Code::NotFound);
    assert_eq!(text, "exec: \"/bin/foo\": no such file");
    client.exec(&exec("c1", "e2", process(&["true"])));
    assert_eq!(client.wait("c1", "e2"), 0);
}
