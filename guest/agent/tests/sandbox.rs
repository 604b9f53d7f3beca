//! What containers of a sandbox share, and programs of the guest that run with them.

mod common;

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use common::Agent;
use common::client::{AGENT, Client, Failure};
use common::spec::{container, exec, process, shell};
use virtc_agent::proto::grpc::{
    AddSwapPathRequest, AddSwapRequest, CreateContainerRequest, CreateSandboxRequest,
    GetDiagnosticDataRequest, GetDiagnosticDataResponse, GetIpTablesRequest, GetIpTablesResponse,
    KernelModule, LinuxNamespace, Mount, RemoveStaleVirtiofsShareMountsRequest, SetPolicyRequest,
    SharedMount,
};
use virtc_agent::proto::virtcontainers::{ConfigureSandboxRequest, Lifetime};
use virtc_agent::spec::namespaces::AGENT_PIDS;
use virtc_agent::status::Code;

fn with_sandbox(request: &CreateSandboxRequest) -> (Agent, Client) {
    let agent = Agent::start();
    let mut client = agent.client();
    client.ok("CreateSandbox", request);
    (agent, client)
}

#[test]
fn a_shared_pid_namespace_outlives_each_container() {
    let (agent, mut client) = with_sandbox(&CreateSandboxRequest {
        sandbox_pidns: true,
        ..CreateSandboxRequest::default()
    });
    client.create(&container("c1", &agent.root(), process(&["cat"])));
    client.start("c1");
    let script = "readlink /proc/self/ns/pid; read line; kill -TERM 1; kill -INT 1; kill -9 1; \
        for p in /proc/[0-9]*; do cat $p/comm; done; readlink /proc/self/ns/pid";
    client.create(&container("c2", &agent.root(), shell(script)));
    client.start("c2");
    client.read_until("c2", "", "pid:");
    // The first container goes; what holds the namespace stays, whatever the second one tries.
    client.signal("c1", "", 9);
    assert_eq!(client.wait("c1", ""), 137);
    client.remove("c1");
    client.write("c2", "", b"go\n");
    let text = client.stdout("c2", "");
    assert!(text.contains("container-init\n"), "{text}");
    assert!(text.ends_with("]\n"), "{text}");
    assert_eq!(client.wait("c2", ""), 0);
    // One that comes later is in the same namespace.
    client.create(&container(
        "c3",
        &agent.root(),
        shell("readlink /proc/self/ns/pid"),
    ));
    client.start("c3");
    let namespace = client.stdout("c3", "");
    assert!(text.ends_with(&namespace), "{text} {namespace}");
}

#[test]
fn guest_hooks_run_with_each_container() {
    let hooks = tempfile::tempdir().unwrap();
    let seen = hooks.path().join("seen");
    for kind in ["prestart", "poststart", "poststop"] {
        let folder = hooks.path().join(kind);
        fs::create_dir(&folder).unwrap();
        let script = format!(
            "#!/bin/sh\nread state\necho {kind} $state >> {}\n",
            seen.display()
        );
        fs::write(folder.join("hook"), script).unwrap();
        fs::set_permissions(folder.join("hook"), PermissionsExt::from_mode(0o755)).unwrap();
    }
    let (agent, mut client) = with_sandbox(&CreateSandboxRequest {
        guest_hook_path: hooks.path().display().to_string(),
        ..CreateSandboxRequest::default()
    });
    client.create(&container("c1", &agent.root(), process(&["cat"])));
    client.start("c1");
    client.remove("c1");
    let seen = fs::read_to_string(&seen).unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines.len(), 3, "{seen}");
    for (line, kind) in lines.iter().zip(["prestart", "poststart", "poststop"]) {
        assert!(line.starts_with(kind), "{seen}");
        assert!(
            line.contains("\"ociVersion\"") || line.contains('{'),
            "{seen}"
        );
    }
    // One that fails keeps the container from being made.
    fs::write(hooks.path().join("prestart/hook"), "#!/bin/sh\nexit 3\n").unwrap();
    let request = container("c2", &agent.root(), process(&["cat"]));
    client.fails("CreateContainer", &request, Code::Internal);
    assert!(!agent.path("run/c2").exists());
}

#[test]
fn a_sandbox_with_a_wrong_hook_path_or_module_is_refused() {
    let agent = Agent::start();
    let mut client = agent.client();
    let request = CreateSandboxRequest {
        guest_hook_path: "/none/at/all".to_owned(),
        ..CreateSandboxRequest::default()
    };
    let text = client.fails("CreateSandbox", &request, Code::InvalidArgument);
    assert!(text.contains("guest_hook_path"), "{text}");
    let request = CreateSandboxRequest {
        kernel_modules: vec![KernelModule {
            name: "no_such_module".to_owned(),
            parameters: vec![],
        }],
        ..CreateSandboxRequest::default()
    };
    let text = client.fails("CreateSandbox", &request, Code::NotFound);
    assert!(text.contains("no_such_module"), "{text}");
    client.ok("CreateSandbox", &CreateSandboxRequest::default());
}

fn sharing(agent: &Agent, src_path: &str, script: &str) -> CreateContainerRequest {
    CreateContainerRequest {
        shared_mounts: vec![SharedMount {
            name: "data".to_owned(),
            src_ctr: "c1".to_owned(),
            src_path: src_path.to_owned(),
            dst_ctr: "c2".to_owned(),
            dst_path: "/tmp/from-c1".to_owned(),
        }],
        ..container("c2", &agent.root(), shell(script))
    }
}

/// The annotation that names a container in its pod.
const NAME: &str = "io.kubernetes.cri.container-name";

fn named(mut request: CreateContainerRequest, name: &str) -> CreateContainerRequest {
    let annotations = &mut request.oci.as_mut().unwrap().annotations;
    annotations.insert(NAME.to_owned(), name.to_owned());
    request
}

fn with_tmp(agent: &Agent, id: &str) -> CreateContainerRequest {
    let mut request = container(id, &agent.root(), process(&["cat"]));
    request.oci.as_mut().unwrap().mounts.push(Mount {
        destination: "/tmp".to_owned(),
        source: "tmpfs".to_owned(),
        r#type: "tmpfs".to_owned(),
        options: vec![],
    });
    request
}

#[test]
fn of_a_shared_mount_a_name_goes_before_an_id() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&with_tmp(&agent, "c1"));
    client.create(&named(with_tmp(&agent, "c3"), "c1"));
    for (id, note) in [("c1", "id"), ("c3", "name")] {
        client.start(id);
        client.exec(&exec(id, "e1", shell(&format!("echo {note} > /tmp/note"))));
        assert_eq!(client.wait(id, "e1"), 0);
    }
    client.create(&sharing(&agent, "/tmp", "cat /tmp/from-c1/note"));
    client.start("c2");
    assert_eq!(client.stdout("c2", ""), "name\n");
}

#[test]
fn a_container_gets_a_mount_of_another() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&with_tmp(&agent, "c1"));
    client.start("c1");
    client.exec(&exec("c1", "e1", shell("echo shared > /tmp/note")));
    assert_eq!(client.wait("c1", "e1"), 0);
    let missing = sharing(&agent, "/tmp/none", "true");
    let text = client.fails("CreateContainer", &missing, Code::Internal);
    assert!(text.contains("shared mount data"), "{text}");
    let wrong = sharing(&agent, "/tmp/../x", "true");
    client.fails("CreateContainer", &wrong, Code::InvalidArgument);
    assert!(!agent.path("run/c2").exists());
    let mut second = named(sharing(&agent, "/tmp", "cat /tmp/from-c1/note"), "second");
    "second".clone_into(&mut second.shared_mounts[0].dst_ctr);
    client.create(&second);
    client.start("c2");
    assert_eq!(client.stdout("c2", ""), "shared\n");
}

#[test]
fn the_machine_ends_with_its_container_though_nobody_asks() {
    let agent = Agent::start();
    let mut client = agent.client();
    let request = ConfigureSandboxRequest {
        exit_with: "c1".to_owned(),
        ..ConfigureSandboxRequest::default()
    };
    let configure = |client: &mut Client| -> Result<(), Failure> {
        client.call("virtcontainers.Extension", "ConfigureSandbox", &request)
    };
    assert_eq!(configure(&mut client), Ok(()));
    assert_eq!(
        configure(&mut client).unwrap_err().0,
        Code::FailedPrecondition as i32
    );
    client.ok("CreateSandbox", &CreateSandboxRequest::default());
    client.create(&container("c2", &agent.root(), shell("exit 2")));
    client.start("c2");
    assert_eq!(client.wait("c2", ""), 2);
    client.create(&container("c1", &agent.root(), shell("read line; exit 3")));
    client.start("c1");
    client.write("c1", "", b"go\n");
    assert_eq!(agent.ended(), Some(0));
}

#[test]
fn what_belongs_to_a_sandbox_is_told_before_it_is_there() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let request = ConfigureSandboxRequest::default();
    let result: Result<(), Failure> =
        client.call("virtcontainers.Extension", "ConfigureSandbox", &request);
    assert_eq!(result.unwrap_err().0, Code::FailedPrecondition as i32);
}

#[test]
fn the_termination_log_can_be_had() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let log = agent.path("message");
    fs::write(&log, "").unwrap();
    let mut first = container(
        "c1",
        &agent.root(),
        shell("echo why > /dev/termination-log"),
    );
    first.oci.as_mut().unwrap().mounts.push(Mount {
        destination: "/dev/termination-log".to_owned(),
        source: log.display().to_string(),
        r#type: "bind".to_owned(),
        options: vec!["bind".to_owned()],
    });
    client.create(&first);
    client.start("c1");
    assert_eq!(client.wait("c1", ""), 0);
    let request = |kind: &str| GetDiagnosticDataRequest {
        log_type: kind.to_owned(),
        container_id: "c1".to_owned(),
    };
    let wanted = request("termination-log");
    let answer: Result<GetDiagnosticDataResponse, Failure> =
        client.call(AGENT, "GetDiagnosticData", &wanted);
    assert_eq!(answer.unwrap().data, "why\n");
    client.fails("GetDiagnosticData", &request("core"), Code::InvalidArgument);
    client.create(&container("c2", &agent.root(), process(&["cat"])));
    let none = GetDiagnosticDataRequest {
        container_id: "c2".to_owned(),
        ..wanted
    };
    client.fails("GetDiagnosticData", &none, Code::NotFound);
}

#[test]
fn what_the_guest_lacks_is_told() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let stale = RemoveStaleVirtiofsShareMountsRequest::default();
    client.ok("RemoveStaleVirtiofsShareMounts", &stale);
    let swap = AddSwapRequest { pci_path: vec![] };
    client.fails("AddSwap", &swap, Code::InvalidArgument);
    let swap = AddSwapRequest { pci_path: vec![40] };
    client.fails("AddSwap", &swap, Code::InvalidArgument);
    let swap = AddSwapPathRequest {
        path: "../x".to_owned(),
    };
    client.fails("AddSwapPath", &swap, Code::InvalidArgument);
    client.fails(
        "SetPolicy",
        &SetPolicyRequest::default(),
        Code::Unimplemented,
    );
    let tables = GetIpTablesRequest { is_ipv6: false };
    let result: Result<GetIpTablesResponse, Failure> = client.call(AGENT, "GetIPTables", &tables);
    if let Err((code, text)) = result {
        assert!(
            code == Code::Unimplemented as i32 || text.contains("exit status"),
            "{text}"
        );
        assert!(text.contains("iptables-save"), "{text}");
    }
}

#[test]
fn a_container_may_be_in_the_pid_namespace_of_the_agent() {
    let (agent, mut client) = with_sandbox(&CreateSandboxRequest::default());
    let mut request = container("c1", &agent.root(), shell("readlink /proc/self/ns/pid"));
    let spec = request.oci.get_or_insert_default();
    let linux = spec.linux.get_or_insert_default();
    linux.namespaces.push(LinuxNamespace {
        r#type: "pid".to_owned(),
        path: AGENT_PIDS.to_owned(),
    });
    let both = CreateContainerRequest {
        sandbox_pidns: true,
        ..request.clone()
    };
    let text = client.fails("CreateContainer", &both, Code::InvalidArgument);
    assert!(text.contains("sandbox_pidns"), "{text}");
    client.create(&request);
    client.start("c1");
    let own = fs::read_link("/proc/self/ns/pid").unwrap();
    assert_eq!(client.stdout("c1", "").trim(), own.to_str().unwrap());
    client.remove("c1");
}

/// Has the machine's end told; gives what its log ends with.
fn end_by(lifetime: &Lifetime) -> Vec<u8> {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["cat"])));
    client.start("c1");
    let mut log = fs::File::open(agent.path("log.bin")).unwrap();
    let result: Result<(), Failure> =
        client.call("virtcontainers.Extension", "SetLifetime", lifetime);
    assert_eq!(result, Ok(()));
    assert_eq!(agent.ended(), Some(0));
    let mut written = Vec::new();
    log.read_to_end(&mut written).unwrap();
    let at = written
        .windows(9)
        .position(|part| part[..8] == *b"\x01\0\0\0mach");
    written.split_off(at.unwrap() + 11)
}

#[test]
fn the_machine_ends_when_its_time_is_over_though_its_containers_run() {
    let lifetime = Lifetime {
        timeout_ms: 100,
        idle_timeout_ms: 60_000,
    };
    assert_eq!(end_by(&lifetime)[0], 1);
}

#[test]
fn the_machine_ends_when_nobody_uses_it_though_its_client_stays() {
    let lifetime = Lifetime {
        timeout_ms: 60_000,
        idle_timeout_ms: 100,
    };
    assert_eq!(end_by(&lifetime)[0], 2);
}

#[test]
fn a_call_that_is_waited_for_keeps_a_machine() {
    let agent = Agent::start();
    let mut client = agent.client();
    let request = ConfigureSandboxRequest {
        lifetime: Some(Lifetime {
            timeout_ms: 0,
            idle_timeout_ms: 300,
        }),
        ..ConfigureSandboxRequest::default()
    };
    let result: Result<(), Failure> =
        client.call("virtcontainers.Extension", "ConfigureSandbox", &request);
    assert_eq!(result, Ok(()));
    client.ok("CreateSandbox", &CreateSandboxRequest::default());
    client.create(&container("c1", &agent.root(), shell("sleep 1; exit 5")));
    client.start("c1");
    assert_eq!(client.wait("c1", ""), 5);
    assert_eq!(agent.ended(), Some(0));
}
