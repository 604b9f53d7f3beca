//! A virtio-serial port: one client after another, each beginning with a handshake.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use bytes::Buf;
use rustix::event::{PollFd, PollFlags, Timespec};

use super::{dispatch, writer};
use crate::agent::Agent;
use crate::transport::hello::{HELLO, Start};
use crate::transport::io::Io;
use crate::transport::poller::Polled;
use crate::ttrpc::body::Body;
use crate::ttrpc::frame::Decoder;
use crate::ttrpc::session::Session;

/// A port's read gives the bytes of one buffer of the device, so a HELLO is never cut by this.
const READ: usize = 32 << 10;

/// How much later than a client's first bytes the news of its coming may be.
const LATE_NEWS: Duration = Duration::from_millis(100);

/// Serves the port until it is gone.
pub async fn serve(agent: Rc<Agent>, name: String, port: OwnedFd) {
    let polled = match agent.poller.add(port) {
        Ok(polled) => polled,
        Err(error) => return crate::warning!("port {name}: {error}"),
    };
    let io = Rc::new(Io::Port(polled.clone()));
    // A HELLO may be read before the kernel knows that its client has come: until it does, a hang-up
    // speaks of the client before.
    let mut arrived = false;
    let mut session: Option<Rc<Session>> = None;
    // Who the session was opened by: when the guest is another's, its time is over.
    let mut owner = agent.handshake.owner();
    let mut decoder = Decoder::default();
    loop {
        decoder.reserve(READ);
        let before = decoder.buffer.len();
        match io.read(&mut decoder.buffer).await {
            Ok(0) => {
                if arrived {
                    if !stays_away(&io, &polled).await {
                        continue;
                    }
                    end(&mut session);
                    decoder.reset();
                    arrived = false;
                }
                if io.comes_back().await {
                    arrived |= session.is_some() && !hung_up(&polled);
                    continue;
                }
                return;
            }
            Ok(_) => {}
            Err(error) => {
                crate::debug!("port {name}: {error}");
                return end(&mut session);
            }
        }
        let read = decoder.buffer.get(before..).unwrap_or_default();
        match agent.handshake.judge(read) {
            Start::Hello { ack } => {
                end(&mut session);
                let rest = decoder.buffer.split_off(before + HELLO);
                decoder.reset();
                decoder.buffer.unsplit(rest);
                let fresh = agent.sessions.open();
                owner = agent.handshake.owner();
                fresh.push(Body::raw(&ack));
                tokio::task::spawn_local(writer::run(io.clone(), fresh.clone()));
                session = Some(fresh);
                arrived = !hung_up(&polled);
                crate::debug!("phase hello on {name}");
            }
            Start::Stranger => {
                crate::warning!("port {name}: a client with a wrong token");
                end(&mut session);
            }
            Start::Data => {
                arrived |= session.is_some() && !hung_up(&polled);
                if owner != agent.handshake.owner() {
                    end(&mut session);
                }
            }
        }
        match &session {
            Some(session) => {
                while let Some(event) = decoder.take() {
                    dispatch::accept(&agent, session, event);
                }
            }
            None => decoder.buffer.advance(decoder.buffer.remaining()),
        }
        tokio::task::consume_budget().await;
    }
}

/// Whether the port stays without a client. It may be the news of the client before that has been
/// late: then that of the present one's coming is right behind it.
async fn stays_away(io: &Io, port: &Polled) -> bool {
    let back = async {
        while hung_up(port) {
            io.comes_back().await;
        }
    };
    tokio::time::timeout(LATE_NEWS, back).await.is_err()
}

/// Whether the kernel takes the port to be without a client.
fn hung_up(port: &Polled) -> bool {
    let mut files = [PollFd::new(&port.fd, PollFlags::empty())];
    let now = Timespec::default();
    rustix::event::poll(&mut files, Some(&now)).is_ok_and(|ready| ready > 0)
        && files[0].revents().contains(PollFlags::HUP)
}

fn end(session: &mut Option<Rc<Session>>) {
    if let Some(session) = session.take() {
        session.close();
    }
}
