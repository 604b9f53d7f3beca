//! From a frame to the call, and from its result to the answer.

use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost::Message;

use crate::agent::Agent;
use crate::log::{self, Level};
use crate::service;
use crate::status::{Code, Result, Status};
use crate::ttrpc::body::{Body, error_frame};
use crate::ttrpc::frame::{Event, MAX_BODY, REQUEST};
use crate::ttrpc::message::Request;
use crate::ttrpc::session::{MAX_CALLS, Session};

const REMOTE_OPEN: u8 = 2;

/// Starts the call that the frame asks for.
pub fn accept(agent: &Rc<Agent>, session: &Rc<Session>, event: Event) {
    match event {
        Event::Oversize { stream, length } => {
            let status = Status::invalid(format!(
                "a message of {length} bytes: at most {MAX_BODY} are allowed"
            ));
            session.push(error_frame(stream, status));
        }
        Event::Frame {
            stream,
            kind: REQUEST,
            flags,
            body,
        } => match check(session, stream, flags, body) {
            Ok(request) => {
                session.calls.set(session.calls.get() + 1);
                tokio::task::spawn_local(run(agent.clone(), session.clone(), stream, request));
            }
            Err(status) => session.push(error_frame(stream, status)),
        },
        Event::Frame { stream, kind, .. } => {
            crate::debug!("ignored a frame of type {kind} on stream {stream}");
        }
    }
}

fn check(session: &Session, stream: u32, flags: u8, body: Bytes) -> Result<Request> {
    if stream.is_multiple_of(2) {
        return Err(Status::invalid(format!(
            "stream id {stream}: a client's ids must be odd"
        )));
    }
    if flags & REMOTE_OPEN != 0 {
        let message = "streaming calls are not supported";
        return Err(Status::new(Code::Unimplemented, message));
    }
    if session.calls.get() >= MAX_CALLS {
        let message = format!("{MAX_CALLS} calls are running already");
        return Err(Status::new(Code::ResourceExhausted, message));
    }
    Request::decode(body).map_err(|error| Status::invalid(format!("bad request: {error}")))
}

async fn run(agent: Rc<Agent>, session: Rc<Session>, stream: u32, request: Request) {
    let name = format!("{}/{}", request.service, request.method);
    let limit = u64::try_from(request.timeout_nano).ok().filter(|n| *n > 0);
    let waits = service::only_waits(&request);
    let mut deadline = std::pin::pin!(sleep(limit));
    let _use = service::is_use(&request).then(|| agent.sandbox.lifetime.begin());
    agent.booted.wait().await;
    let begin = Instant::now();
    let mut work = std::pin::pin!(service::call(&agent, request));
    let (result, done) = tokio::select! {
        biased;
        result = &mut work => (result, true),
        () = &mut deadline => {
            let message = format!("{name}: the deadline passed");
            (Err(Status::new(Code::DeadlineExceeded, message)), false)
        }
        () = session.closed.wait(), if waits => {
            (Err(Status::new(Code::Cancelled, "the client has left")), false)
        }
    };
    let level = match agent.config.trace {
        true => Level::Info,
        false => Level::Debug,
    };
    let micros = begin.elapsed().as_micros();
    log::write(level, format_args!("call {name} took {micros} us"));
    session.push(answer(stream, &name, result));
    if !done && !waits {
        // A change that has begun is brought to its end even if its client no longer waits.
        let _ = work.await;
    }
    session.calls.set(session.calls.get() - 1);
    if agent.ending.is_set() {
        agent.end().await;
    }
}

async fn sleep(nanos: Option<u64>) {
    match nanos {
        Some(nanos) => tokio::time::sleep(Duration::from_nanos(nanos)).await,
        None => std::future::pending().await,
    }
}

fn answer(stream: u32, name: &str, result: Result<Body>) -> Body {
    match result {
        Ok(body) => body.into_frame(stream),
        Err(status) => {
            crate::debug!("{name}: {:?}: {status}", status.code);
            error_frame(stream, status)
        }
    }
}
