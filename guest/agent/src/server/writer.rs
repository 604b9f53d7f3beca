//! Sends a session's answers, in the order in which they came to be.

use std::io::Result;
use std::rc::Rc;

use super::relay::Relay;
use crate::transport::io::Io;
use crate::ttrpc::body::Body;
use crate::ttrpc::session::Session;

/// Runs until the session is closed; a frame half written is then left so.
pub async fn run(io: Rc<Io>, session: Rc<Session>) {
    let relay = Relay::default();
    while let Some(frame) = session.next_frame().await {
        let result = tokio::select! {
            biased;
            () = session.closed.wait() => return,
            result = send(&io, &relay, frame) => result,
        };
        if let Err(error) = result {
            crate::debug!("write to client: {error}");
            return session.close();
        }
        session.frame_written();
        tokio::task::consume_budget().await;
    }
}

async fn send(io: &Io, relay: &Relay, mut frame: Body) -> Result<()> {
    let tail = frame.take_tail();
    let mut rest = frame.bytes();
    while !rest.is_empty() {
        let length = io.write(rest).await?;
        rest = rest.get(length..).unwrap_or_default();
    }
    match tail {
        Some(tail) => relay.send(io, tail).await,
        None => Ok(()),
    }
}
