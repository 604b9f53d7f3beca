//! The machine's network, which all containers share: links, addresses, routes and neighbours, by rtnetlink(7).

pub mod address;
pub mod counters;
pub mod link;
pub mod neighbour;
pub mod route;
mod rtnetlink;

use std::net::IpAddr;

use netlink_packet_route::AddressFamily;

use crate::proto::types::IpFamily;
use crate::status::{Result, Status};

pub use rtnetlink::Rtnetlink;

fn parse_ip(field: &str, text: &str) -> Result<IpAddr> {
    text.parse()
        .map_err(|_| Status::invalid(format!("{field}: {text:?} is no address")))
}

/// An address with the length of its prefix; without one it stands for itself alone.
fn parse_prefix(field: &str, text: &str) -> Result<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (parse_ip(field, address)?, Some(length)),
        None => (parse_ip(field, text)?, None),
    };
    let length = length.map_or(Ok(width(address)), |length| {
        parse_length(field, length, address)
    })?;
    Ok((address, length))
}

fn parse_length(field: &str, text: &str, address: IpAddr) -> Result<u8> {
    match text.parse() {
        Ok(length) if length <= width(address) => Ok(length),
        _ => Err(Status::invalid(format!(
            "{field}: {text:?} is no length of a prefix of {address}"
        ))),
    }
}

fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

fn ip_family(family: AddressFamily) -> i32 {
    match family {
        AddressFamily::Inet6 => IpFamily::V6.into(),
        _ => IpFamily::V4.into(),
    }
}

/// `52:54:00:00:00:01`; of any length, since not all links are Ethernet.
fn hardware_text(bytes: &[u8]) -> String {
    let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    parts.join(":")
}

fn parse_hardware(field: &str, text: &str) -> Result<Vec<u8>> {
    // A sign would be taken for a digit.
    let parts = text.split(':').map(|part| match part.as_bytes() {
        [a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
            u8::from_str_radix(part, 16).ok()
        }
        _ => None,
    });
    parts
        .collect::<Option<Vec<u8>>>()
        .filter(|bytes| bytes.len() <= 32)
        .ok_or_else(|| Status::invalid(format!("{field}: {text:?} is no hardware address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_read_with_and_without_a_length() {
        let read = |text| parse_prefix("dest", text).map(|(ip, length)| format!("{ip} {length}"));
        assert_eq!(read("10.0.0.0/8").unwrap(), "10.0.0.0 8");
        assert_eq!(read("10.0.0.1").unwrap(), "10.0.0.1 32");
        assert_eq!(read("fd00::/64").unwrap(), "fd00:: 64");
        assert_eq!(read("::/0").unwrap(), ":: 0");
        for wrong in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "fd00::/129",
            "10.0.0.0/",
            "x/8",
            "10/8",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hardware_addresses_are_read_as_they_are_written() {
        let text = "52:54:00:ab:cd:ef";
        assert_eq!(
            hardware_text(&parse_hardware("hwAddr", text).unwrap()),
            text
        );
        for wrong in ["", "52", "5:4", "52:54:00:ab:cd:g0", "52-54", "+1:00"] {
            let read = parse_hardware("hwAddr", wrong);
            assert_eq!(read.is_ok(), wrong == "52", "{wrong}");
        }
        assert!(parse_hardware("hwAddr", &["00"; 33].join(":")).is_err());
    }
}
