//! Runs a container's health check, time after time while the container runs.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::{Agent, exec};
use crate::clock;
use crate::output_log::record;
use crate::pipe::read::Read;
use crate::process::output::Output;
use crate::process::{Process, wait};
use crate::proto::grpc::ExecProcessRequest;
use crate::sandbox::container::{Container, State};
use crate::sandbox::health::{Health, LONGEST_OUTPUT, Outcome};
use crate::status::Result;
use crate::ttrpc::body::Body;

/// The exec id of its command, which no client can give.
pub const EXEC_ID: &str = "health check";
/// The value of `stdin_port` that means none.
const NO_STDIN: u32 = 0xFFFF_FFFF;
/// The most that is read at once.
const PIECE: usize = 64 << 10;

/// Begins to look at a container that has been started, if it is to be looked at.
pub fn begin(agent: &Rc<Agent>, container: &Rc<Container>) {
    if let Some(health) = container.life.health.borrow().clone() {
        health.reset();
        tokio::task::spawn_local(follow(agent.clone(), Rc::downgrade(container), health));
    }
}

async fn follow(agent: Rc<Agent>, container: Weak<Container>, health: Rc<Health>) {
    let began = Instant::now();
    loop {
        let pause = sleep(health.pause(began.elapsed()));
        let Some(container) = until(&container, pause).await else {
            return;
        };
        if container.life.paused.get() {
            continue;
        }
        let (outcome, late) = look(&agent, &container, &health).await;
        if container.state() != State::Running {
            return;
        }
        if let Some(status) = health.add(outcome, began.elapsed()) {
            let mut record = record::head(record::HEALTH, &container.id, "", 1);
            record.push(status as u8);
            agent.output_log.write(Body::raw(&record)).await;
        }
        // The next one waits until nothing is left of it.
        if let Some(late) = late {
            let weak = Rc::downgrade(&container);
            drop(container);
            if until(&weak, late).await.is_none() {
                return;
            }
        }
    }
}

/// The container when that has come; nothing once it has ended.
async fn until<T>(
    container: &Weak<Container>,
    that: impl Future<Output = T>,
) -> Option<Rc<Container>> {
    let (init, gone) = {
        let container = container.upgrade()?;
        (container.init.clone(), container.life.gone.clone())
    };
    tokio::select! {
        _ = that => container.upgrade().filter(|container| container.state() == State::Running),
        () = gone.wait() => None,
        _ = init.exit.wait() => None,
    }
}

/// Runs the command once. What takes too long is killed; gives what ends when nothing of it is left.
async fn look(
    agent: &Rc<Agent>,
    container: &Rc<Container>,
    health: &Health,
) -> (Outcome, Option<impl Future<Output = ()> + use<>>) {
    let said = Rc::new(RefCell::new(Vec::new()));
    let began_at_ns = clock::now_ns();
    let limit = health.settings.timeout;
    let args = health.settings.args.clone();
    let work = run(agent.clone(), container.clone(), args, said.clone());
    let mut work = tokio::task::spawn_local(work);
    let (exit_code, late) = match timeout(limit, &mut work).await {
        Ok(Ok(Ok(status))) => (status, None),
        Ok(Ok(Err(status))) => {
            keep(&said, status.message.as_bytes());
            (-1, None)
        }
        Ok(Err(_)) => (-1, None),
        Err(_) => {
            *said.borrow_mut() = too_long(limit).into_bytes();
            let container = container.clone();
            let kill = async move {
                let _ = container.life.execs.kill(EXEC_ID).await;
                let _ = work.await;
            };
            (-1, Some(kill))
        }
    };
    let outcome = Outcome {
        began_at_ns,
        ended_at_ns: clock::now_ns(),
        exit_code,
        output: String::from_utf8_lossy(&said.borrow()).into_owned(),
    };
    (outcome, late)
}

fn too_long(limit: Duration) -> String {
    format!("the health check took longer than {limit:?}")
}

async fn run(
    agent: Rc<Agent>,
    container: Rc<Container>,
    args: Vec<String>,
    said: Rc<RefCell<Vec<u8>>>,
) -> Result<i32> {
    let start = container.start_exec(EXEC_ID)?;
    let mut process = container.process.clone();
    process.args = args;
    process.terminal = false;
    let request = ExecProcessRequest {
        container_id: container.id.clone(),
        exec_id: EXEC_ID.to_owned(),
        process: Some(process),
        stdin_port: NO_STDIN,
        ..ExecProcessRequest::default()
    };
    let process = exec::run(&agent, &container, &start, request).await?;
    start.finish(process.clone());
    let (status, (), ()) = tokio::join!(
        process.exit.wait(),
        collect(&process, &process.stdout, &said),
        collect(&process, &process.stderr, &said),
    );
    agent.sandbox.forget(&process);
    Ok(status)
}

/// Reads a stream to its end, and keeps its beginning.
async fn collect(process: &Process, output: &Output, said: &RefCell<Vec<u8>>) {
    while let Some(source) = output.source() {
        match output.read_available(&source, PIECE, &[]) {
            Ok(Read::Data(body)) => keep(said, body.bytes()),
            Ok(Read::Empty) => wait::for_output(process, output, &source).await,
            Ok(Read::End) | Err(_) => output.end(),
        }
        tokio::task::consume_budget().await;
    }
}

fn keep(said: &RefCell<Vec<u8>>, bytes: &[u8]) {
    let mut said = said.borrow_mut();
    let room = LONGEST_OUTPUT.saturating_sub(said.len());
    said.extend(bytes.iter().take(room));
}
