//! What links have carried.

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};

use super::Rtnetlink;
use crate::proto::grpc::NetworkStats;
use crate::status::{Context, Result};

pub fn list(kernel: &mut Rtnetlink) -> Result<Vec<NetworkStats>> {
    let question = RouteNetlinkMessage::GetLink(LinkMessage::default());
    let answers = kernel
        .dump(question)
        .context(|| "count what links carried")?;
    Ok(answers.into_iter().filter_map(read).collect())
}

/// A link without counters counts nothing.
fn read(answer: RouteNetlinkMessage) -> Option<NetworkStats> {
    let RouteNetlinkMessage::NewLink(message) = answer else {
        return None;
    };
    let mut stats = NetworkStats::default();
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => stats.name = name,
            LinkAttribute::Stats64(counted) => {
                stats.rx_bytes = counted.rx_bytes;
                stats.rx_packets = counted.rx_packets;
                stats.rx_errors = counted.rx_errors;
                stats.rx_dropped = counted.rx_dropped;
                stats.tx_bytes = counted.tx_bytes;
                stats.tx_packets = counted.tx_packets;
                stats.tx_errors = counted.tx_errors;
                stats.tx_dropped = counted.tx_dropped;
            }
            _ => {}
        }
    }
    Some(stats)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each number stands where it belongs, and the kernel tells the loopback's.
    #[test]
    fn counts_are_read_by_their_names() {
        let mut counted = netlink_packet_route::link::Stats64::default();
        counted.rx_bytes = 1;
        counted.rx_packets = 2;
        counted.rx_errors = 3;
        counted.rx_dropped = 4;
        counted.tx_bytes = 5;
        counted.tx_packets = 6;
        counted.tx_errors = 7;
        counted.tx_dropped = 8;
        let mut message = LinkMessage::default();
        message
            .attributes
            .push(LinkAttribute::IfName("eth0".to_owned()));
        message.attributes.push(LinkAttribute::Stats64(counted));
        let stats = read(RouteNetlinkMessage::NewLink(message)).unwrap();
        let numbers = [
            stats.rx_bytes,
            stats.rx_packets,
            stats.rx_errors,
            stats.rx_dropped,
            stats.tx_bytes,
            stats.tx_packets,
            stats.tx_errors,
            stats.tx_dropped,
        ];
        assert_eq!(
            (stats.name.as_str(), numbers),
            ("eth0", [1, 2, 3, 4, 5, 6, 7, 8])
        );
        let all = list(&mut Rtnetlink::open().unwrap()).unwrap();
        assert!(all.iter().any(|each| each.name == "lo"));
    }
}
