//! Requests for containers and processes of the test root.

use virtc_agent::proto::grpc::{
    Box as ConsoleSize, CreateContainerRequest, ExecProcessRequest, Linux, LinuxNamespace, Mount,
    Process, Root, Spec, User,
};

pub fn process(args: &[&str]) -> Process {
    Process {
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        env: vec!["PATH=/bin".to_owned()],
        cwd: "/".to_owned(),
        user: Some(User::default()),
        ..Process::default()
    }
}

pub fn shell(script: &str) -> Process {
    process(&["sh", "-c", script])
}

pub fn with_terminal(process: Process) -> Process {
    Process {
        terminal: true,
        console_size: Some(ConsoleSize {
            height: 24,
            width: 80,
        }),
        ..process
    }
}

pub fn container(id: &str, root: &str, process: Process) -> CreateContainerRequest {
    let mount = |destination: &str, kind: &str| Mount {
        destination: destination.to_owned(),
        source: kind.to_owned(),
        r#type: kind.to_owned(),
        options: vec![],
    };
    let namespace = |kind: &str| LinuxNamespace {
        r#type: kind.to_owned(),
        path: String::new(),
    };
    CreateContainerRequest {
        container_id: id.to_owned(),
        oci: Some(Spec {
            process: Some(process),
            root: Some(Root {
                path: root.to_owned(),
                readonly: false,
            }),
            mounts: vec![
                mount("/proc", "proc"),
                mount("/dev", "tmpfs"),
                mount("/dev/pts", "devpts"),
            ],
            linux: Some(Linux {
                namespaces: vec![namespace("mount"), namespace("uts"), namespace("ipc")],
                ..Linux::default()
            }),
            ..Spec::default()
        }),
        ..CreateContainerRequest::default()
    }
}

pub fn exec(id: &str, exec_id: &str, process: Process) -> ExecProcessRequest {
    ExecProcessRequest {
        container_id: id.to_owned(),
        exec_id: exec_id.to_owned(),
        process: Some(process),
        ..ExecProcessRequest::default()
    }
}
