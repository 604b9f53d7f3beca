//! What joins a container: its user, its limits, its terminal, and why it can't be started.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::Agent;
use common::client::Client;
use common::spec::{container, exec, process, shell, with_terminal};
use virtc_agent::proto::grpc::{PosixRlimit, Process, StringUser};
use virtc_agent::status::Code;

fn sleeper(agent: &Agent) -> Client {
    let mut client = agent.client();
    client.create(&container("c1", &agent.root(), process(&["sleep", "1000"])));
    client.start("c1");
    client
}

fn put(agent: &Agent, name: &str, data: &[u8]) {
    let path = agent.path("root").join(name);
    fs::write(&path, data).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn the_primary_group_is_among_the_others_in_every_form() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let groups = || shell("grep Groups: /proc/self/status");
    let mut own = shell("cat /proc/self/status; read line");
    "web".clone_into(&mut own.user.as_mut().unwrap().username);
    client.create(&container("c1", &agent.root(), own));
    client.start("c1");
    client.read_until("c1", "", "Groups:\t34 50 \n");
    let forms = [
        ("", "0"),
        ("web", "34 50"),
        ("33", "34 50"),
        ("web:log", "50"),
        ("1234:5678", "5678"),
        ("root", "0"),
    ];
    for (place, (user, expected)) in forms.into_iter().enumerate() {
        for by_string in [false, true] {
            let id = format!("e{place}{by_string}");
            let mut request = exec("c1", &id, groups());
            let (uid, gid) = user.split_once(':').unwrap_or((user, ""));
            if by_string {
                request.string_user = Some(StringUser {
                    uid: uid.to_owned(),
                    gid: gid.to_owned(),
                    ..StringUser::default()
                });
            } else {
                let process = request.process.as_mut().unwrap();
                user.clone_into(&mut process.user.as_mut().unwrap().username);
            }
            client.exec(&request);
            let text = client.stdout("c1", &id);
            assert_eq!(text, format!("Groups:\t{expected} \n"), "{user}");
        }
    }
}

#[test]
fn a_terminal_belongs_to_its_user() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    let script = "read line; echo fine > $(tty) && stat -c %u: $(tty)";
    let mut wanted = with_terminal(shell(script));
    "web".clone_into(&mut wanted.user.as_mut().unwrap().username);
    client.exec(&exec("c1", "e1", wanted));
    client.write("c1", "e1", b"go\n");
    let text = client.stdout("c1", "e1");
    assert!(text.contains("fine\r\n33:"), "{text}");
}

/// With a terminal and without one: the same code and message.
fn refused(client: &mut Client, process: &Process, code: Code) -> String {
    let plain = client.fails("ExecProcess", &exec("c1", "e1", process.clone()), code);
    let terminal = exec("c1", "e1", with_terminal(process.clone()));
    assert_eq!(client.fails("ExecProcess", &terminal, code), plain);
    plain
}

#[test]
fn why_a_program_cannot_be_started_is_told_with_a_terminal_too() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    let text = refused(&mut client, &process(&["nope"]), Code::NotFound);
    assert_eq!(text, "exec: \"nope\": not found in PATH");
    refused(&mut client, &process(&["/etc"]), Code::PermissionDenied);
    let mut cwd = process(&["true"]);
    cwd.cwd = "/no/such".to_owned();
    let text = refused(&mut client, &cwd, Code::NotFound);
    assert!(text.contains("\"/no/such\""), "{text}");
}

#[test]
fn what_fails_at_last_is_told_too() {
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    let foreign = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0";
    put(&agent, "bin/foreign", foreign);
    put(&agent, "bin/plain", b"echo no first line\n");
    put(&agent, "bin/orphan", b"#!/no/such/interpreter\n");
    for name in ["foreign", "plain"] {
        let text = refused(&mut client, &process(&[name]), Code::PermissionDenied);
        assert_eq!(text, format!("exec: {name:?}: exec format error"));
    }
    let orphan = process(&["orphan"]);
    let text = refused(&mut client, &orphan, Code::PermissionDenied);
    assert_eq!(text, "exec: \"orphan\": no such file or directory");
    let long = "x".repeat(131_072);
    let much = process(&["true", &long]);
    let text = refused(&mut client, &much, Code::PermissionDenied);
    assert_eq!(text, "exec: \"true\": argument list too long");
    // One byte less is right, and a program that only says so has run.
    client.exec(&exec("c1", "e1", process(&["true", &long[1..]])));
    assert_eq!(client.wait("c1", "e1"), 0);
    let says = shell("echo 'exec: Exec format error' >&2; exit 1");
    client.exec(&exec("c1", "e2", says));
    assert_eq!(client.wait("c1", "e2"), 1);
}

#[test]
fn a_first_process_that_fails_at_last_ends_as_a_shell_says() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    put(&agent, "bin/plain", b"echo no first line\n");
    client.create(&container("c1", &agent.root(), process(&["plain"])));
    client.start("c1");
    assert_eq!(client.wait("c1", ""), 126);
    assert!(client.stderr("c1", "").contains("Exec format error"));
}

#[test]
fn the_limits_of_the_container_hold_for_what_joins_it() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let mut own = process(&["sleep", "1000"]);
    own.oom_score_adj = 321;
    own.rlimits = vec![PosixRlimit {
        r#type: "RLIMIT_NOFILE".to_owned(),
        hard: 77,
        soft: 66,
    }];
    client.create(&container("c1", &agent.root(), own));
    client.start("c1");
    let of_agent = || {
        let read = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", agent.pid()));
        (read("limits").unwrap(), read("oom_score_adj").unwrap())
    };
    let before = of_agent();
    let script = "cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn";
    client.exec(&exec("c1", "e1", shell(script)));
    assert_eq!(client.stdout("c1", "e1"), "321\n66\n77\n");
    assert_eq!(of_agent(), before);
}

/// The minor page faults of the agent so far.
fn faults(agent: &Agent) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", agent.pid())).unwrap();
    let rest = stat.rsplit(')').next().unwrap();
    rest.split_whitespace().nth(7).unwrap().parse().unwrap()
}

#[test]
fn the_agent_is_not_copied_for_an_exec() {
    const EXECS: u64 = 20;
    let agent = Agent::with_sandbox();
    let mut client = sleeper(&agent);
    let mut run = |name: String| {
        client.exec(&exec("c1", &name, process(&["true"])));
        assert_eq!(client.wait("c1", &name), 0);
    };
    run("first".to_owned());
    let before = faults(&agent);
    (0..EXECS).for_each(|number| run(format!("e{number}")));
    // After a fork, each page that the agent writes to is a fault.
    let each = (faults(&agent) - before) / EXECS;
    assert!(each < 20, "{each} page faults for each exec");
}
