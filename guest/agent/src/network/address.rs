//! Addresses of links.

use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage};

use super::{Rtnetlink, family, ip_family, parse_ip, parse_length};
use crate::proto::types::IpAddress;
use crate::status::{Context, Result};

/// The addresses of all links, as the kernel tells them.
pub fn list(kernel: &mut Rtnetlink) -> Result<Vec<AddressMessage>> {
    let question = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    let answers = kernel.dump(question).context(|| "list addresses")?;
    let messages = answers.into_iter().filter_map(|answer| match answer {
        RouteNetlinkMessage::NewAddress(message) => Some(message),
        _ => None,
    });
    Ok(messages.collect())
}

pub fn told(message: &AddressMessage) -> Option<IpAddress> {
    let address = own(message)?;
    Some(IpAddress {
        family: ip_family(message.header.family),
        address: address.to_string(),
        mask: message.header.prefix_len.to_string(),
    })
}

/// Of a link between two machines the other one's address stands there too.
fn own(message: &AddressMessage) -> Option<IpAddr> {
    let pick = |local: bool| {
        message
            .attributes
            .iter()
            .find_map(|attribute| match attribute {
                AddressAttribute::Local(address) if local => Some(*address),
                AddressAttribute::Address(address) if !local => Some(*address),
                _ => None,
            })
    };
    pick(true).or_else(|| pick(false))
}

/// Takes all addresses from a link but those that the kernel makes by itself.
pub fn remove_all(kernel: &mut Rtnetlink, index: u32) -> Result<()> {
    for message in list(kernel)? {
        if message.header.index == index && !is_link_local(&message) {
            let what = format!("remove an address of link {index}");
            match kernel.change(RouteNetlinkMessage::DelAddress(message), 0) {
                // Of IPv4, the further ones of a subnet go with its first.
                Err(error) if error.raw_os_error() == Some(libc::EADDRNOTAVAIL) => {}
                result => result.context(|| what)?,
            }
        }
    }
    Ok(())
}

fn is_link_local(message: &AddressMessage) -> bool {
    matches!(own(message), Some(IpAddr::V6(address)) if address.is_unicast_link_local())
}

pub fn add(kernel: &mut Rtnetlink, index: u32, wanted: &IpAddress) -> Result<()> {
    let field = "interface.IPAddresses";
    let address = parse_ip(field, &wanted.address)?;
    let mut message = AddressMessage::default();
    message.header.family = family(address);
    message.header.prefix_len = parse_length(field, &wanted.mask, address)?;
    message.header.index = index;
    message.attributes.push(AddressAttribute::Address(address));
    message.attributes.push(AddressAttribute::Local(address));
    // Whoever gave the address has seen to it that nobody else has it, and nothing could be sent from it meanwhile.
    if address.is_ipv6() {
        message.header.flags |= AddressHeaderFlags::Nodad;
    }
    if let IpAddr::V4(v4) = address {
        let host = u32::MAX
            .checked_shr(message.header.prefix_len.into())
            .unwrap_or(0);
        if message.header.prefix_len < 31 {
            let broadcast = (u32::from(v4) | host).into();
            message
                .attributes
                .push(AddressAttribute::Broadcast(broadcast));
        }
    }
    kernel
        .change(
            RouteNetlinkMessage::NewAddress(message),
            NLM_F_CREATE | NLM_F_REPLACE,
        )
        .context(|| format!("{field}: {address}"))
}
