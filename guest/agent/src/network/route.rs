//! Routes of the main table.

mod replace;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteMetric,
    RouteProtocol, RouteScope, RouteType,
};

pub use replace::replace;

use super::{Rtnetlink, family, ip_family, link, parse_ip, parse_prefix};
use crate::proto::types::{IpFamily, Route};
use crate::status::{Context, Result, Status};

/// All routes of the main table, as they are told to the host.
pub fn list(kernel: &mut Rtnetlink) -> Result<Vec<Route>> {
    let links = link::list(kernel)?;
    let name = |index: u32| links.iter().find(|link| link.index == index);
    let told = messages(kernel)?.into_iter().map(|message| {
        let mut route = told(&message);
        let device = index(&message).and_then(name);
        route.device = device.map(|link| link.name.clone()).unwrap_or_default();
        route
    });
    Ok(told.collect())
}

fn messages(kernel: &mut Rtnetlink) -> Result<Vec<RouteMessage>> {
    let question = RouteNetlinkMessage::GetRoute(RouteMessage::default());
    let answers = kernel.dump(question).context(|| "list routes")?;
    let messages = answers.into_iter().filter_map(|answer| match answer {
        RouteNetlinkMessage::NewRoute(message) if is_main(&message) => Some(message),
        _ => None,
    });
    Ok(messages.collect())
}

fn is_main(message: &RouteMessage) -> bool {
    message.header.table == RouteHeader::RT_TABLE_MAIN && message.header.kind == RouteType::Unicast
}

fn index(message: &RouteMessage) -> Option<u32> {
    message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            RouteAttribute::Oif(index) => Some(*index),
            _ => None,
        })
}

fn has_gateway(message: &RouteMessage) -> bool {
    let gateway = |attribute: &RouteAttribute| matches!(attribute, RouteAttribute::Gateway(_));
    message.attributes.iter().any(gateway)
}

fn told(message: &RouteMessage) -> Route {
    let mut route = Route {
        scope: u8::from(message.header.scope).into(),
        family: ip_family(message.header.address_family),
        flags: message.header.flags.bits(),
        ..Route::default()
    };
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(address) => {
                let length = message.header.destination_prefix_length;
                route.dest = format!("{}/{length}", text(address));
            }
            RouteAttribute::Gateway(address) => route.gateway = text(address),
            RouteAttribute::PrefSource(address) => route.source = text(address),
            RouteAttribute::Metrics(metrics) => {
                let mtu = metrics.iter().find_map(|metric| match metric {
                    RouteMetric::Mtu(mtu) => Some(*mtu),
                    _ => None,
                });
                route.mtu = mtu.unwrap_or_default();
            }
            _ => {}
        }
    }
    route
}

fn text(address: &RouteAddress) -> String {
    match address {
        RouteAddress::Inet(address) => address.to_string(),
        RouteAddress::Inet6(address) => address.to_string(),
        _ => String::new(),
    }
}

/// The kernel's form of a wanted route.
fn message(kernel: &mut Rtnetlink, route: &Route) -> Result<RouteMessage> {
    let gateway = address("routes.gateway", &route.gateway)?;
    let source = address("routes.source", &route.source)?;
    let v6 = route.family == i32::from(IpFamily::V6);
    let (dest, length) = match route.dest.as_str() {
        "" | "default" => (
            unspecified(gateway.map_or(v6, |address| address.is_ipv6())),
            0,
        ),
        text => parse_prefix("routes.dest", text)?,
    };
    for other in [gateway, source].into_iter().flatten() {
        if family(other) != family(dest) {
            let text = format!("routes: {other} is of another family than {dest}");
            return Err(Status::invalid(text));
        }
    }
    let device = link::by_name(kernel, "routes.device", &route.device)?;
    let scope = u8::try_from(route.scope)
        .map_err(|_| Status::invalid(format!("routes.scope: {}", route.scope)))?;
    let mut message = RouteMessage::default();
    message.header.address_family = family(dest);
    message.header.destination_prefix_length = length;
    message.header.table = RouteHeader::RT_TABLE_MAIN;
    message.header.protocol = RouteProtocol::Boot;
    message.header.scope = RouteScope::from(scope);
    message.header.kind = RouteType::Unicast;
    message.header.flags = RouteFlags::from_bits_truncate(route.flags);
    let attributes = &mut message.attributes;
    if length > 0 {
        attributes.push(RouteAttribute::Destination(dest.into()));
    }
    attributes.push(RouteAttribute::Oif(device.index));
    attributes.extend(gateway.map(|address| RouteAttribute::Gateway(address.into())));
    attributes.extend(source.map(|address| RouteAttribute::PrefSource(address.into())));
    if route.mtu > 0 {
        attributes.push(RouteAttribute::Metrics(vec![RouteMetric::Mtu(route.mtu)]));
    }
    Ok(message)
}

/// None for an empty text.
fn address(field: &str, text: &str) -> Result<Option<IpAddr>> {
    match text {
        "" => Ok(None),
        text => parse_ip(field, text).map(Some),
    }
}

fn unspecified(v6: bool) -> IpAddr {
    match v6 {
        true => Ipv6Addr::UNSPECIFIED.into(),
        false => Ipv4Addr::UNSPECIFIED.into(),
    }
}
