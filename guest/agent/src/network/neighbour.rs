//! Neighbours that are known without being asked for.

use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::RouteType;

use super::{Rtnetlink, family, link, parse_hardware, parse_ip};
use crate::proto::types::ArpNeighbor;
use crate::status::{Context, Result, Status};

pub fn add(kernel: &mut Rtnetlink, wanted: &ArpNeighbor) -> Result<()> {
    let to = wanted.to_ip_address.as_ref();
    let text = to.map(|to| to.address.as_str()).unwrap_or_default();
    // Some callers tell it with the length of a prefix.
    let text = text.split_once('/').map_or(text, |(address, _)| address);
    let address = parse_ip("neighbors.toIPAddress", text)?;
    let device = link::by_name(kernel, "neighbors.device", &wanted.device)?;
    let mut message = NeighbourMessage::default();
    message.header.family = family(address);
    message.header.ifindex = device.index;
    message.header.kind = RouteType::Unicast;
    message.header.state = state(wanted.state)?;
    message.header.flags = u8::try_from(wanted.flags)
        .map(NeighbourFlags::from_bits_truncate)
        .map_err(|_| Status::invalid(format!("neighbors.flags: {}", wanted.flags)))?;
    let destination = match address {
        IpAddr::V4(address) => NeighbourAddress::Inet(address),
        IpAddr::V6(address) => NeighbourAddress::Inet6(address),
    };
    message
        .attributes
        .push(NeighbourAttribute::Destination(destination));
    if !wanted.lladdr.is_empty() {
        let hardware = parse_hardware("neighbors.lladdr", &wanted.lladdr)?;
        message
            .attributes
            .push(NeighbourAttribute::LinkLayerAddress(hardware));
    }
    kernel
        .change(
            RouteNetlinkMessage::NewNeighbour(message),
            NLM_F_CREATE | NLM_F_REPLACE,
        )
        .context(|| format!("neighbors: {address}"))
}

/// One that is not said to be otherwise stays for good.
fn state(wanted: i32) -> Result<NeighbourState> {
    match u16::try_from(wanted) {
        Ok(0) => Ok(NeighbourState::Permanent),
        Ok(state) => Ok(NeighbourState::from(state)),
        Err(_) => Err(Status::invalid(format!("neighbors.state: {wanted}"))),
    }
}
