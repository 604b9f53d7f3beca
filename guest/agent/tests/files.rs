//! What the agent puts into a container: the files of its sandbox, and what a volume is filled with.

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};

use common::Agent;
use common::client::{Client, Failure};
use common::spec::{container, process, shell};
use virtc_agent::proto::grpc::{CreateContainerRequest, CreateSandboxRequest, Mount, Storage};
use virtc_agent::proto::virtcontainers::{
    ConfigureSandboxRequest, FileKind, PutFileRequest, SandboxFile,
};
use virtc_agent::status::Code;

const EXTENSION: &str = "virtcontainers.Extension";

fn with_hosts() -> (Agent, Client) {
    let agent = Agent::start();
    let mut client = agent.client();
    let file = SandboxFile {
        name: "hosts".to_owned(),
        data: b"127.0.0.1 localhost\n"[..].into(),
    };
    let request = ConfigureSandboxRequest {
        files: vec![file],
        ..ConfigureSandboxRequest::default()
    };
    let answer: Result<(), Failure> = client.call(EXTENSION, "ConfigureSandbox", &request);
    assert_eq!(answer, Ok(()));
    client.ok("CreateSandbox", &CreateSandboxRequest::default());
    (agent, client)
}

fn bind(source: &str, destination: &str, options: &[&str]) -> Mount {
    Mount {
        destination: destination.to_owned(),
        source: source.to_owned(),
        r#type: "bind".to_owned(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
    }
}

fn with_mount(mut request: CreateContainerRequest, mount: Mount) -> CreateContainerRequest {
    request.oci.as_mut().unwrap().mounts.push(mount);
    request
}

fn hosts(agent: &Agent) -> Mount {
    let source = agent.path("run/sandbox/files/hosts");
    bind(&source.display().to_string(), "/etc/hosts", &["rbind"])
}

#[test]
fn a_file_of_the_sandbox_is_written_while_containers_have_it() {
    let (agent, mut client) = with_hosts();
    // A link to nowhere in the image's place is no obstacle.
    let _ = fs::remove_file(agent.path("root/etc/hosts"));
    symlink("/run/none/hosts", agent.path("root/etc/hosts")).unwrap();
    let script = "cat /etc/hosts; read line; cat /etc/hosts";
    let request = container("c1", &agent.root(), shell(script));
    client.create(&with_mount(request, hosts(&agent)));
    client.start("c1");
    client.read_until("c1", "", "127.0.0.1 localhost");
    let data = &b"10.0.0.2 other\n"[..];
    let mut put = PutFileRequest {
        path: "/hosts".to_owned(),
        kind: FileKind::File.into(),
        size: data.len() as u64,
        data: data.into(),
        ..PutFileRequest::default()
    };
    let answer: Result<(), Failure> = client.call(EXTENSION, "PutFile", &put);
    assert_eq!(answer, Ok(()));
    client.write("c1", "", b"go\n");
    client.read_until("c1", "", "10.0.0.2 other");
    for path in ["hosts", "/", "/../x", "/a/b"] {
        put.path = path.to_owned();
        let answer: Result<(), Failure> = client.call(EXTENSION, "PutFile", &put);
        assert_eq!(
            answer.unwrap_err().0,
            Code::InvalidArgument as i32,
            "{path}"
        );
    }
}

#[test]
fn a_read_only_root_without_a_place_for_it_goes_without() {
    let (agent, mut client) = with_hosts();
    let _ = fs::remove_file(agent.path("root/etc/hosts"));
    for (id, has_place) in [("c1", false), ("c2", true)] {
        if has_place {
            fs::write(agent.path("root/etc/hosts"), "the image's\n").unwrap();
        }
        let root = agent.path(id).display().to_string();
        let mut request = container(id, &root, shell("cat /etc/hosts || echo none"));
        request.storages.push(Storage {
            driver: "virtio-fs".to_owned(),
            source: agent.root(),
            fstype: "bind".to_owned(),
            options: vec!["bind".to_owned(), "ro".to_owned()],
            mount_point: root,
            ..Storage::default()
        });
        client.create(&with_mount(request, hosts(&agent)));
        client.start(id);
        let expected = if has_place {
            "127.0.0.1 localhost"
        } else {
            "none"
        };
        client.read_until(id, "", expected);
    }
}

#[test]
fn an_empty_volume_is_filled_before_the_container_has_it() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    fs::create_dir_all(agent.path("root/data")).unwrap();
    fs::write(agent.path("root/data/file"), "of the image\n").unwrap();
    chown(agent.path("root/data"), Some(70), Some(70)).unwrap();
    let volume = agent.path("volume");
    fs::create_dir(&volume).unwrap();
    let source = volume.display().to_string();
    let mount = |options: &[&str]| bind(&source, "/data", options);
    let request = container("c1", &agent.root(), process(&["cat", "/data/file"]));
    client.create(&with_mount(request, mount(&["rbind"])));
    assert_eq!(fs::read_dir(&volume).unwrap().count(), 0);
    let request = container("c2", &agent.root(), process(&["cat", "/data/file"]));
    client.create(&with_mount(
        request,
        mount(&["rbind", "x-virtcontainers.fill"]),
    ));
    client.start("c2");
    client.read_until("c2", "", "of the image");
    assert_eq!(fs::metadata(&volume).unwrap().uid(), 70);
}
