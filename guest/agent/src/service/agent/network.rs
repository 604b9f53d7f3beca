//! The calls about the network. Each is done at once: the kernel's answers do not wait for anything.

use crate::network::{Rtnetlink, address, counters, link, neighbour, route};
use crate::proto::grpc::{
    AddArpNeighborsRequest, Interfaces, NetworkStats, Routes, UpdateInterfaceRequest,
    UpdateRoutesRequest,
};
use crate::proto::types::Interface;
use crate::status::{Context, Result, Status};

pub fn list_interfaces() -> Result<Interfaces> {
    let mut kernel = open()?;
    let addresses = address::list(&mut kernel)?;
    let interfaces = link::list(&mut kernel)?.into_iter().map(|link| {
        let own = |message: &&_| index(message) == link.index;
        Interface {
            ip_addresses: addresses
                .iter()
                .filter(own)
                .filter_map(address::told)
                .collect(),
            device: link.name.clone(),
            name: link.name,
            mtu: link.mtu.into(),
            hw_addr: link.hardware,
            raw_flags: link.flags,
            ..Interface::default()
        }
    });
    Ok(Interfaces {
        interfaces: interfaces.collect(),
    })
}

/// What all links have carried since they are there.
pub fn link_counters() -> Result<Vec<NetworkStats>> {
    counters::list(&mut open()?)
}

pub fn list_routes() -> Result<Routes> {
    let mut kernel = open()?;
    let routes = route::list(&mut kernel)?;
    Ok(Routes { routes })
}

/// Makes a link, found by its hardware address, what is told; gives it back.
pub fn update_interface(request: UpdateInterfaceRequest) -> Result<Interface> {
    let wanted = request
        .interface
        .ok_or_else(|| Status::invalid("interface: missing"))?;
    let mut kernel = open()?;
    let found = link::by_hardware(&mut kernel, "interface.hwAddr", &wanted.hw_addr)?;
    let mtu = u32::try_from(wanted.mtu)
        .map_err(|_| Status::invalid(format!("interface.mtu: {}", wanted.mtu)))?;
    address::remove_all(&mut kernel, found.index)?;
    let name = match wanted.name.as_str() {
        "" => &found.name,
        name => {
            link::rename(&mut kernel, &found, name)?;
            name
        }
    };
    link::trust_addresses(name)?;
    if mtu > 0 && mtu != found.mtu {
        link::set_mtu(&mut kernel, found.index, mtu)?;
    }
    if (wanted.raw_flags ^ found.flags) & NOARP != 0 {
        link::set_arp(&mut kernel, found.index, wanted.raw_flags & NOARP == 0)?;
    }
    link::set_up(&mut kernel, found.index, true)?;
    for ip in &wanted.ip_addresses {
        address::add(&mut kernel, found.index, ip)?;
    }
    Ok(wanted)
}

/// Makes the routes those that are told; gives what is there then.
pub fn update_routes(request: UpdateRoutesRequest) -> Result<Routes> {
    let wanted = request
        .routes
        .ok_or_else(|| Status::invalid("routes: missing"))?;
    let mut kernel = open()?;
    route::replace(&mut kernel, &wanted.routes)?;
    let routes = route::list(&mut kernel)?;
    Ok(Routes { routes })
}

pub fn add_arp_neighbors(request: AddArpNeighborsRequest) -> Result<()> {
    let wanted = request
        .neighbors
        .ok_or_else(|| Status::invalid("neighbors: missing"))?;
    let mut kernel = open()?;
    for each in &wanted.arp_neighbors {
        neighbour::add(&mut kernel, each)?;
    }
    Ok(())
}

const NOARP: u32 = libc::IFF_NOARP.cast_unsigned();

fn index(message: &netlink_packet_route::address::AddressMessage) -> u32 {
    message.header.index
}

fn open() -> Result<Rtnetlink> {
    Rtnetlink::open().context(|| "open a netlink socket")
}
