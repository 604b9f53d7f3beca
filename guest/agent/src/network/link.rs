//! Links: found by name or hardware address, renamed and brought up.

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkExtentMask, LinkFlags, LinkMessage};

use super::{Rtnetlink, hardware_text, parse_hardware};
use crate::status::{Context, Result, Status};

/// IFNAMSIZ without its end.
const MAX_NAME: usize = 15;

#[derive(Clone, Debug)]
pub struct Link {
    pub index: u32,
    pub name: String,
    pub hardware: String,
    pub mtu: u32,
    pub flags: u32,
    pub is_loopback: bool,
}

pub fn list(kernel: &mut Rtnetlink) -> Result<Vec<Link>> {
    let mut question = LinkMessage::default();
    let mask = vec![LinkExtentMask::SkipStats];
    question.attributes.push(LinkAttribute::ExtMask(mask));
    let question = RouteNetlinkMessage::GetLink(question);
    let answers = kernel.dump(question).context(|| "list links")?;
    Ok(answers.into_iter().filter_map(read).collect())
}

fn read(answer: RouteNetlinkMessage) -> Option<Link> {
    let RouteNetlinkMessage::NewLink(message) = answer else {
        return None;
    };
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        hardware: String::new(),
        mtu: 0,
        flags: message.header.flags.bits(),
        is_loopback: message.header.flags.contains(LinkFlags::Loopback),
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::Address(bytes) => link.hardware = hardware_text(&bytes),
            LinkAttribute::Mtu(mtu) => link.mtu = mtu,
            _ => {}
        }
    }
    Some(link)
}

pub fn by_name(kernel: &mut Rtnetlink, field: &str, name: &str) -> Result<Link> {
    let found = list(kernel)?.into_iter().find(|link| link.name == name);
    found.ok_or_else(|| not_found(field, name))
}

pub fn by_hardware(kernel: &mut Rtnetlink, field: &str, address: &str) -> Result<Link> {
    let wanted = hardware_text(&parse_hardware(field, address)?);
    let found = list(kernel)?
        .into_iter()
        .find(|link| link.hardware == wanted && !link.is_loopback);
    found.ok_or_else(|| not_found(field, address))
}

/// Callers look for these words: the device may be announced a moment later.
fn not_found(field: &str, what: &str) -> Status {
    Status::invalid(format!("{field}: Link not found ({what:?})"))
}

/// Gives a link its name; one that has it already gets another.
pub fn rename(kernel: &mut Rtnetlink, link: &Link, name: &str) -> Result<()> {
    if link.name == name {
        return Ok(());
    }
    if name.is_empty()
        || name.len() > MAX_NAME
        || name.contains(['/', ' ', ':'])
        || name == "."
        || name == ".."
    {
        return Err(Status::invalid(format!(
            "interface.name: {name:?} is no name of a link"
        )));
    }
    if let Some(other) = list(kernel)?.into_iter().find(|other| other.name == name) {
        set_name(kernel, &other, format!("was{}", other.index))?;
    }
    set_name(kernel, link, name.to_owned())
}

/// The kernel renames only what is down.
fn set_name(kernel: &mut Rtnetlink, link: &Link, name: String) -> Result<()> {
    let what = format!("rename {} to {name}", link.name);
    set_up(kernel, link.index, false).context(|| &what)?;
    let mut message = LinkMessage::default();
    message.header.index = link.index;
    message.attributes.push(LinkAttribute::IfName(name));
    set(kernel, message).context(|| &what)
}

/// The kernel does not ask whether another machine has an address of the link: each is usable at once. A machine
/// without IPv6 has nothing to ask.
pub fn trust_addresses(name: &str) -> Result<()> {
    let path = format!("/proc/sys/net/ipv6/conf/{name}/accept_dad");
    match std::fs::write(&path, "0") {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context(|| path),
        _ => Ok(()),
    }
}

pub fn set_mtu(kernel: &mut Rtnetlink, index: u32, mtu: u32) -> Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes.push(LinkAttribute::Mtu(mtu));
    set(kernel, message).context(|| format!("interface.mtu: {mtu}"))
}

pub fn set_arp(kernel: &mut Rtnetlink, index: u32, arp: bool) -> Result<()> {
    let flags = if arp {
        LinkFlags::empty()
    } else {
        LinkFlags::Noarp
    };
    set_flags(kernel, index, flags, LinkFlags::Noarp).context(|| "interface.raw_flags")
}

pub fn set_up(kernel: &mut Rtnetlink, index: u32, up: bool) -> Result<()> {
    let flags = if up {
        LinkFlags::Up
    } else {
        LinkFlags::empty()
    };
    set_flags(kernel, index, flags, LinkFlags::Up).context(|| format!("link {index}: up"))
}

fn set_flags(
    kernel: &mut Rtnetlink,
    index: u32,
    flags: LinkFlags,
    mask: LinkFlags,
) -> std::io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = flags;
    message.header.change_mask = mask;
    set(kernel, message)
}

fn set(kernel: &mut Rtnetlink, message: LinkMessage) -> std::io::Result<()> {
    kernel.change(RouteNetlinkMessage::SetLink(message), 0)
}
