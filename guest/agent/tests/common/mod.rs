//! Runs the agent as a process of this machine, with a root file system made of busybox.
#![allow(dead_code)]

pub mod client;
pub mod spec;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use client::Client;
use tempfile::TempDir;
use virtc_agent::proto::grpc::CreateSandboxRequest;

pub struct Agent {
    child: Child,
    folder: TempDir,
}

impl Agent {
    /// Starts an agent and waits until it serves.
    pub fn start() -> Agent {
        Agent::start_with(&[])
    }

    /// With further arguments; `{}` in them stands for the agent's folder.
    pub fn start_with(arguments: &[&str]) -> Agent {
        let folder = tempfile::Builder::new().prefix("va").tempdir().unwrap();
        Agent::start_in(folder, arguments)
    }

    /// An agent with a network of its own, in which `ip` is run with each of these arguments first.
    pub fn with_network(commands: &[&[&str]]) -> (Agent, Client) {
        let folder = tempfile::Builder::new().prefix("va").tempdir().unwrap();
        let agent = Agent::start_by(Command::new("unshare"), &["--net"], folder, &[]);
        for command in commands {
            agent.in_its_network(command);
        }
        let client = agent.client();
        (agent, client)
    }

    /// What `ip` says in the agent's network; it must succeed.
    pub fn in_its_network(&self, arguments: &[&str]) -> String {
        let network = format!("--net=/proc/{}/ns/net", self.child.id());
        let output = Command::new("nsenter")
            .args([network.as_str(), "ip"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "ip {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn start_in(folder: TempDir, arguments: &[&str]) -> Agent {
        Agent::start_by(
            Command::new(env!("CARGO_BIN_EXE_virtc-agent")),
            &[],
            folder,
            arguments,
        )
    }

    /// `program` is the agent, or becomes it by these arguments.
    fn start_by(
        mut program: Command,
        first: &[&str],
        folder: TempDir,
        arguments: &[&str],
    ) -> Agent {
        let place = folder.path().display().to_string();
        let arguments = arguments.iter().map(|text| text.replace("{}", &place));
        make_root(&folder);
        let path = |name: &str| folder.path().join(name);
        if !first.is_empty() {
            program.args(first).arg(env!("CARGO_BIN_EXE_virtc-agent"));
        }
        let mut child = program
            .arg("--server-address")
            .arg(format!("unix://{}", path("sock").display()))
            .arg("--run-dir")
            .arg(path("run"))
            .arg("--log-port")
            .arg(path("log.bin"))
            .args(["--log", "debug", "--log-address"])
            .arg(format!("unix://{}", path("log.sock").display()))
            .arg("--console-address")
            .arg(format!("unix://{}", path("console.sock").display()))
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = Vec::new();
        loop {
            match lines.next() {
                Some(Ok(line)) if line.contains("phase booted") => break,
                Some(Ok(line)) => seen.push(line),
                _ => panic!("the agent did not start: {seen:#?}"),
            }
        }
        assert_eq!(
            seen[0],
            format!("virtc-agent {} starting", env!("CARGO_PKG_VERSION"))
        );
        std::thread::spawn(move || {
            let show = std::env::var_os("VIRTC_AGENT_TEST_LOG").is_some();
            for line in lines.map_while(Result::ok) {
                if show {
                    eprintln!("{line}");
                }
            }
        });
        Agent { child, folder }
    }

    /// An agent with a sandbox.
    pub fn with_sandbox() -> Agent {
        Agent::start().set_up()
    }

    /// An agent with a sandbox, whose crun is a shell script that stands in `program` and may call
    /// the real one by `exec /usr/bin/crun "$@"`; `{}` in it stands for the agent's folder.
    pub fn with_crun(script: &str) -> Agent {
        let folder = tempfile::Builder::new().prefix("va").tempdir().unwrap();
        let program = folder.path().join("crun");
        let script = script.replace("{}", &folder.path().display().to_string());
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        Agent::start_in(folder, &["--crun", "{}/crun"]).set_up()
    }

    /// The agent, with a sandbox.
    pub fn set_up(self) -> Agent {
        let agent = self;
        let request = CreateSandboxRequest {
            hostname: "testbox".to_owned(),
            ..CreateSandboxRequest::default()
        };
        agent.client().ok("CreateSandbox", &request);
        agent
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.path("sock"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn root(&self) -> String {
        self.path("root").display().to_string()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the agent to end by itself.
    pub fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Tells the agent to end and gives its exit code.
    pub fn stop(mut self) -> Option<i32> {
        terminate(&self.child);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        terminate(&self.child);
        let _ = self.child.wait();
    }
}

fn terminate(child: &Child) {
    if let Some(pid) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

fn make_root(folder: &TempDir) {
    let root = folder.path().join("root");
    for name in ["bin", "dev", "etc", "proc", "sys", "tmp", "home/web"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    fs::copy("/bin/busybox", root.join("bin/busybox")).expect("install busybox-static");
    for applet in [
        "cat", "echo", "env", "false", "id", "kill", "pwd", "seq", "sh", "sleep", "stty", "true",
        "hostname", "dd", "grep", "head", "readlink", "setsid", "stat", "tty",
    ] {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    let passwd = "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/home/web:/bin/sh\n";
    fs::write(root.join("etc/passwd"), passwd).unwrap();
    fs::write(
        root.join("etc/group"),
        "root:x:0:\nwww:x:34:\nlog:x:50:web\n",
    )
    .unwrap();
}
