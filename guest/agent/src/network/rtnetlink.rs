//! Questions to the kernel's routing tables, and changes of them, one after another over one socket.

use std::io::{Error, ErrorKind, Result};
use std::os::fd::OwnedFd;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType};

/// The protocol that a netlink socket has without being told.
const NETLINK_ROUTE: Option<Protocol> = None;

/// What the kernel sends at once at most, by its own rule for dumps.
const BUFFER: usize = 64 * 1024;

pub struct Rtnetlink {
    socket: OwnedFd,
    sequence: u32,
}

impl Rtnetlink {
    pub fn open() -> Result<Rtnetlink> {
        let flags = SocketFlags::CLOEXEC;
        let kind = SocketType::RAW;
        let socket = rustix::net::socket_with(AddressFamily::NETLINK, kind, flags, NETLINK_ROUTE)?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        Ok(Rtnetlink {
            socket,
            sequence: 0,
        })
    }

    /// All that there is of a kind.
    pub fn dump(&mut self, question: RouteNetlinkMessage) -> Result<Vec<RouteNetlinkMessage>> {
        self.exchange(question, NLM_F_DUMP)
    }

    /// Changes something; `flags` beside those of every request.
    pub fn change(&mut self, change: RouteNetlinkMessage, flags: u16) -> Result<()> {
        self.exchange(change, NLM_F_ACK | flags).map(drop)
    }

    fn exchange(
        &mut self,
        request: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<Vec<RouteNetlinkMessage>> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(request));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        rustix::net::send(&self.socket, &bytes, SendFlags::empty())?;
        self.answers()
    }

    /// Up to the end of a dump, or the acknowledgement.
    fn answers(&mut self) -> Result<Vec<RouteNetlinkMessage>> {
        let mut found = Vec::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            let (length, _) =
                rustix::net::recv(&self.socket, buffer.as_mut_slice(), RecvFlags::empty())?;
            let mut rest = buffer.get(..length).unwrap_or_default();
            while !rest.is_empty() {
                let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
                    .map_err(|error| Error::new(ErrorKind::InvalidData, error.to_string()))?;
                let size = usize::try_from(message.header.length).unwrap_or(rest.len());
                rest = rest
                    .get(size.next_multiple_of(4).max(4)..)
                    .unwrap_or_default();
                if message.header.sequence_number != self.sequence {
                    continue;
                }
                match message.payload {
                    NetlinkPayload::InnerMessage(answer) => found.push(answer),
                    NetlinkPayload::Done(_) => return Ok(found),
                    NetlinkPayload::Error(error) => {
                        return match error.code {
                            None => Ok(found),
                            Some(_) => Err(error.to_io()),
                        };
                    }
                    _ => {}
                }
            }
        }
    }
}
