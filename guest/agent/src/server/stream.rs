//! A client on a socket: plain ttRPC from the first byte to the end.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use super::{dispatch, writer};
use crate::agent::Agent;
use crate::transport::io::Io;
use crate::ttrpc::frame::Decoder;

const READ: usize = 64 << 10;

pub async fn serve(agent: Rc<Agent>, socket: OwnedFd) {
    let io = match Io::stream(socket) {
        Ok(io) => Rc::new(io),
        Err(error) => return crate::warning!("client socket: {error}"),
    };
    let session = agent.sessions.open();
    tokio::task::spawn_local(writer::run(io.clone(), session.clone()));
    let mut decoder = Decoder::default();
    loop {
        decoder.reserve(READ);
        tokio::select! {
            result = io.read(&mut decoder.buffer) => match result {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            },
            () = session.closed.wait() => break,
        }
        while let Some(event) = decoder.take() {
            dispatch::accept(&agent, &session, event);
        }
    }
    session.close();
}
