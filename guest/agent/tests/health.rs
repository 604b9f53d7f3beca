//! Health checks: run while the container runs, as its first process would be, and never in anyone's way.

mod common;

use std::fs;

use common::Agent;
use common::client::Client;
use common::spec::{container, exec, process};
use virtc_agent::proto::grpc::StringUser;
use virtc_agent::proto::virtcontainers::{
    HealthState, HealthStatus, ListProcessesRequest, ListProcessesResponse, ProcessTableRequest,
    ProcessTableResponse, SetHealthCheckRequest,
};
use virtc_agent::status::Code;

const EXTENSION: &str = "virtcontainers.Extension";

fn check(script: &str, retries: u32) -> SetHealthCheckRequest {
    SetHealthCheckRequest {
        container_id: "c1".to_owned(),
        args: ["sh", "-c", script].map(str::to_owned).to_vec(),
        interval_ms: 100,
        timeout_ms: 30_000,
        retries,
        ..SetHealthCheckRequest::default()
    }
}

/// A container that sleeps and is looked at.
fn looked_at(agent: &Agent, request: &SetHealthCheckRequest) -> Client {
    let mut client = agent.client();
    let mut wanted = container("c1", &agent.root(), process(&["sleep", "100000"]));
    wanted.string_user = Some(StringUser {
        uid: "33".to_owned(),
        ..StringUser::default()
    });
    client.create(&wanted);
    let set: Result<(), _> = client.call(EXTENSION, "SetHealthCheck", request);
    set.unwrap();
    client.start("c1");
    client
}

fn health(client: &mut Client) -> HealthState {
    let list = ListProcessesRequest::default();
    let answer: ListProcessesResponse = client.call(EXTENSION, "ListProcesses", &list).unwrap();
    let init = answer
        .processes
        .into_iter()
        .find(|row| row.exec_id.is_empty());
    init.unwrap().health.unwrap()
}

/// Waits for the record of a status, and so many of it.
fn told(agent: &Agent, status: HealthStatus, times: usize) {
    let mut record = b"\x01\0\0\0c1".to_vec();
    record.push(status as u8);
    loop {
        let log = fs::read(agent.path("log.bin")).unwrap();
        if log
            .windows(record.len())
            .filter(|part| *part == record)
            .count()
            >= times
        {
            return;
        }
        std::thread::yield_now();
    }
}

#[test]
fn what_a_command_says_of_a_container_is_told_with_its_last_results() {
    let agent = Agent::with_sandbox();
    let script = "id -u; echo $PATH >&2; test -e /tmp/works";
    fs::create_dir_all(agent.path("root/tmp")).unwrap();
    let mut client = looked_at(&agent, &check(script, 2));
    told(&agent, HealthStatus::Unhealthy, 1);
    let state = health(&mut client);
    assert!(state.failing_streak >= 2, "{state:?}");
    assert_eq!(state.status, HealthStatus::Unhealthy as i32);
    let result = &state.results[0];
    assert_eq!(result.exit_code, 1);
    assert!(result.output.contains("33\n") && result.output.contains("/bin\n"));
    assert!(result.began_at_ns > 0 && result.ended_at_ns >= result.began_at_ns);

    fs::write(agent.path("root/tmp/works"), "").unwrap();
    told(&agent, HealthStatus::Healthy, 1);
    while health(&mut client)
        .results
        .iter()
        .any(|result| result.exit_code != 0)
    {}
    let state = health(&mut client);
    assert_eq!((state.failing_streak, state.results.len() <= 5), (0, true));
    fs::remove_file(agent.path("root/tmp/works")).unwrap();
    told(&agent, HealthStatus::Unhealthy, 2);
}

#[test]
fn a_command_that_hangs_is_killed_with_all_that_it_started_and_holds_nobody_up() {
    let agent = Agent::with_sandbox();
    let mut request = check("sleep 5000 & sleep 5000", 1);
    request.timeout_ms = 300;
    // Only the one run is looked at.
    request.interval_ms = 200;
    let mut client = looked_at(&agent, &request);
    client.exec(&exec("c1", "e1", process(&["true"])));
    assert_eq!(client.wait("c1", "e1"), 0);
    told(&agent, HealthStatus::Unhealthy, 1);
    let state = health(&mut client);
    assert_eq!(state.results[0].exit_code, -1);
    assert!(state.results[0].output.contains("longer than 300ms"));
    let table = ProcessTableRequest {
        container_id: "c1".to_owned(),
    };
    // At some time nothing of it is there, and never is more than of one run.
    loop {
        let answer: ProcessTableResponse = client.call(EXTENSION, "ProcessTable", &table).unwrap();
        // An init that reaps nobody keeps what is left of the dead.
        let alive = answer.rows.iter().filter(|row| row.state != "Z").count();
        assert!(alive <= 5, "{:?}", answer.rows);
        if alive == 1 {
            break;
        }
    }
    client.remove("c1");
}

#[test]
fn only_the_beginning_of_much_output_is_kept_and_a_missing_program_is_a_failure() {
    let agent = Agent::with_sandbox();
    let flood = "yes | head -c 9000000; exit 3";
    let mut client = looked_at(&agent, &check(flood, 1));
    told(&agent, HealthStatus::Unhealthy, 1);
    let result = &health(&mut client).results[0];
    assert_eq!((result.exit_code, result.output.len()), (3, 4096));
    client.remove("c1");

    let agent = Agent::with_sandbox();
    let mut missing = check("", 1);
    missing.args = vec!["/bin/nosuch".to_owned()];
    let mut client = looked_at(&agent, &missing);
    told(&agent, HealthStatus::Unhealthy, 1);
    let result = &health(&mut client).results[0];
    assert_eq!(result.exit_code, -1);
    assert!(result.output.contains("/bin/nosuch"), "{result:?}");
}

#[test]
fn it_is_set_before_the_start_and_none_is_told_without_one() {
    let agent = Agent::with_sandbox();
    let mut none = check("", 1);
    none.args.clear();
    let mut client = looked_at(&agent, &none);
    let list = ListProcessesRequest::default();
    let answer: ListProcessesResponse = client.call(EXTENSION, "ListProcesses", &list).unwrap();
    assert_eq!(answer.processes[0].health, None);
    let refused: Result<(), common::client::Failure> =
        client.call(EXTENSION, "SetHealthCheck", &check("true", 1));
    assert_eq!(refused.unwrap_err().0, Code::FailedPrecondition as i32);
}
