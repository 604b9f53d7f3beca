//! All routes become others, or stay what they are.

use netlink_packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::route::{
    RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteProtocol,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::{has_gateway, index, message, messages, told};
use crate::network::{Rtnetlink, link};
use crate::proto::types::Route;
use crate::status::{Context, Result, Status};

/// The routes that are there become these; what the kernel has made for the links' addresses stays. They are added
/// before the others go, and where that fails the routes are again what they were.
pub fn replace(kernel: &mut Rtnetlink, wanted: &[Route]) -> Result<()> {
    let mut made = Vec::new();
    for route in wanted {
        made.push(message(kernel, route)?);
    }
    let before = messages(kernel)?;
    let replaced = put(kernel, made.clone()).and_then(|()| remove_unwanted(kernel, &before, &made));
    replaced.map_err(|failed| match restore(kernel, &before) {
        Ok(()) => failed,
        Err(lost) => Status {
            message: format!("{}; the routes before it: {}", failed.message, lost.message),
            ..failed
        },
    })
}

/// Each takes the place of one of the same destination.
fn put(kernel: &mut Rtnetlink, mut messages: Vec<RouteMessage>) -> Result<()> {
    // A gateway is reached by a route without one, which must be there before.
    messages.sort_by_key(has_gateway);
    for message in messages {
        let what = name(&message);
        let flags = NLM_F_CREATE | NLM_F_REPLACE;
        kernel
            .change(RouteNetlinkMessage::NewRoute(message), flags)
            .context(|| format!("routes: {what}"))?;
    }
    Ok(())
}

fn remove(kernel: &mut Rtnetlink, message: RouteMessage) -> Result<()> {
    match kernel.change(RouteNetlinkMessage::DelRoute(message), 0) {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        result => result.context(|| "remove a route"),
    }
}

/// Of what was there before, what still is and was not asked for again.
fn remove_unwanted(
    kernel: &mut Rtnetlink,
    before: &[RouteMessage],
    wanted: &[RouteMessage],
) -> Result<()> {
    let links = link::list(kernel)?;
    let on_loopback = |message: &RouteMessage| {
        let own = index(message);
        links
            .iter()
            .any(|link| link.is_loopback && Some(link.index) == own)
    };
    let now = messages(kernel)?;
    let old = before.iter().filter(|old| {
        old.header.protocol != RouteProtocol::Kernel
            && !on_loopback(old)
            && now.iter().any(|route| is_same(route, old))
            && !wanted.iter().any(|route| leads_alike(route, old))
    });
    for message in old {
        remove(kernel, message.clone())?;
    }
    Ok(())
}

fn restore(kernel: &mut Rtnetlink, before: &[RouteMessage]) -> Result<()> {
    let now = messages(kernel)?;
    let missing = before.iter().filter(|old| !has(&now, old)).map(|old| {
        let mut message = old.clone();
        // What the kernel tells of its state is not for being told to it.
        message.header.flags &= RouteFlags::Onlink;
        message.attributes.retain(is_lasting);
        message
    });
    put(kernel, missing.collect())?;
    for message in messages(kernel)? {
        if !has(before, &message) {
            remove(kernel, message)?;
        }
    }
    Ok(())
}

fn has(routes: &[RouteMessage], wanted: &RouteMessage) -> bool {
    routes.iter().any(|route| is_same(route, wanted))
}

fn is_same(one: &RouteMessage, other: &RouteMessage) -> bool {
    let header = |message: &RouteMessage| RouteHeader {
        flags: RouteFlags::empty(),
        ..message.header.clone()
    };
    header(one) == header(other) && lasting(one).eq(lasting(other))
}

fn lasting(message: &RouteMessage) -> impl Iterator<Item = &RouteAttribute> {
    message.attributes.iter().filter(|each| is_lasting(each))
}

/// Times of use are not.
fn is_lasting(attribute: &RouteAttribute) -> bool {
    !matches!(attribute, RouteAttribute::CacheInfo(_))
}

/// Whether what was there stands in the place of a wanted one, by the same way: it is that one then.
fn leads_alike(wanted: &RouteMessage, old: &RouteMessage) -> bool {
    let place = |message: &RouteMessage| {
        let RouteMessage {
            header, attributes, ..
        } = message;
        let way = |each: &&RouteAttribute| {
            matches!(
                each,
                RouteAttribute::Destination(_)
                    | RouteAttribute::Gateway(_)
                    | RouteAttribute::Oif(_)
            )
        };
        let mut way: Vec<String> = attributes
            .iter()
            .filter(way)
            .map(|each| format!("{each:?}"))
            .collect();
        way.sort();
        (
            header.address_family,
            header.destination_prefix_length,
            priority(message),
            way,
        )
    };
    place(wanted) == place(old)
}

fn name(message: &RouteMessage) -> String {
    match told(message).dest {
        dest if dest.is_empty() => "default".to_owned(),
        dest => dest,
    }
}

/// What the kernel takes where none is told.
fn priority(message: &RouteMessage) -> u32 {
    let told = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            RouteAttribute::Priority(priority) => Some(*priority),
            _ => None,
        });
    told.unwrap_or(match message.header.address_family {
        AddressFamily::Inet6 => 1024,
        _ => 0,
    })
}
