//! The calls about the network, on an agent that has one of its own.

mod common;

use common::Agent;
use common::client::{AGENT, Client, Failure};
use virtc_agent::proto::grpc::{
    AddArpNeighborsRequest, ArpNeighbors, Interfaces, ListInterfacesRequest, ListRoutesRequest,
    Routes, UpdateInterfaceRequest, UpdateRoutesRequest,
};
use virtc_agent::proto::types::{ArpNeighbor, Interface, IpAddress, IpFamily, Route};
use virtc_agent::status::Code;

const MAC: &str = "52:54:00:12:34:56";

fn interface(name: &str, addresses: &[(&str, &str)]) -> Interface {
    Interface {
        name: name.to_owned(),
        hw_addr: MAC.to_owned(),
        mtu: 1400,
        ip_addresses: addresses
            .iter()
            .map(|(address, mask)| IpAddress {
                family: IpFamily::V4.into(),
                address: (*address).to_owned(),
                mask: (*mask).to_owned(),
            })
            .collect(),
        ..Interface::default()
    }
}

fn update(client: &mut Client, interface: Interface) -> Interface {
    let interface = Some(interface);
    client
        .call(
            AGENT,
            "UpdateInterface",
            &UpdateInterfaceRequest { interface },
        )
        .unwrap()
}

fn listed(client: &mut Client, name: &str) -> Interface {
    let all: Interfaces = client
        .call(AGENT, "ListInterfaces", &ListInterfacesRequest {})
        .unwrap();
    all.interfaces
        .into_iter()
        .find(|each| each.name == name)
        .unwrap()
}

fn route(dest: &str, gateway: &str) -> Route {
    Route {
        dest: dest.to_owned(),
        gateway: gateway.to_owned(),
        device: "eth0".to_owned(),
        ..Route::default()
    }
}

/// Of IPv4; those of IPv6 are the kernel's own here.
fn texts(routes: &Routes) -> Vec<String> {
    let text = |each: &Route| format!("{} {} {}", each.dest, each.gateway, each.device);
    let v4 = |each: &&Route| each.family == i32::from(IpFamily::V4);
    routes.routes.iter().filter(v4).map(text).collect()
}

#[test]
fn the_loopback_is_there_and_the_empty_forms_are_answered() {
    let (_agent, mut client) = Agent::with_network(&[]);
    let lo = listed(&mut client, "lo");
    assert_eq!((lo.hw_addr.as_str(), lo.mtu), ("00:00:00:00:00:00", 65536));
    let routes: Routes = client
        .call(AGENT, "ListRoutes", &ListRoutesRequest {})
        .unwrap();
    assert_eq!(routes.routes, []);
    let empty = UpdateRoutesRequest {
        routes: Some(Routes::default()),
    };
    let routes: Routes = client.call(AGENT, "UpdateRoutes", &empty).unwrap();
    assert_eq!(routes.routes, []);
    let neighbors = Some(ArpNeighbors::default());
    client.ok("AddARPNeighbors", &AddArpNeighborsRequest { neighbors });
}

#[test]
fn what_is_missing_is_an_invalid_argument() {
    let (_agent, mut client) = Agent::with_network(&[]);
    let wrong = Code::InvalidArgument;
    client.fails("UpdateInterface", &UpdateInterfaceRequest::default(), wrong);
    client.fails("UpdateRoutes", &UpdateRoutesRequest::default(), wrong);
    client.fails("AddARPNeighbors", &AddArpNeighborsRequest::default(), wrong);
    let interface = Some(interface("eth0", &[]));
    let absent = UpdateInterfaceRequest { interface };
    let text = client.fails("UpdateInterface", &absent, wrong);
    assert!(text.contains("Link not found"), "{text}");
    let routes = Some(Routes {
        routes: vec![route("10.0.0.0/33", "")],
    });
    let text = client.fails("UpdateRoutes", &UpdateRoutesRequest { routes }, wrong);
    assert!(text.contains("routes.dest"), "{text}");
}

#[test]
fn an_interface_is_found_by_its_address_and_becomes_what_is_told() {
    let (_agent, mut client) = Agent::with_network(&[
        &[
            "link", "add", "veth7", "address", MAC, "type", "veth", "peer", "name", "far",
        ],
        // The second goes with the first.
        &["addr", "add", "192.168.9.9/24", "dev", "veth7"],
        &["addr", "add", "192.168.9.10/24", "dev", "veth7"],
        // Another one has the wanted name.
        &[
            "link", "add", "eth0", "type", "veth", "peer", "name", "beyond",
        ],
        &["link", "set", "far", "up"],
    ]);
    let addresses = [("10.1.2.3", "24"), ("10.1.2.4", "32")];
    let answer = update(&mut client, interface("eth0", &addresses));
    assert_eq!(answer, interface("eth0", &addresses));
    let now = listed(&mut client, "eth0");
    assert_eq!((now.hw_addr.as_str(), now.mtu), (MAC, 1400));
    let v4 = |each: &&IpAddress| each.family == i32::from(IpFamily::V4);
    let own: Vec<String> = now
        .ip_addresses
        .iter()
        .filter(v4)
        .map(|each| format!("{}/{}", each.address, each.mask))
        .collect();
    assert_eq!(own, ["10.1.2.3/24", "10.1.2.4/32"]);
    assert_ne!(now.raw_flags & libc::IFF_UP.cast_unsigned(), 0);

    // Told again, what was told before is gone.
    update(&mut client, interface("net1", &[("10.7.0.1", "16")]));
    let routes = UpdateRoutesRequest {
        routes: Some(Routes {
            routes: vec![
                // In the wrong order: the gateway is reached by the second.
                Route {
                    device: "net1".to_owned(),
                    ..route("", "172.16.0.1")
                },
                Route {
                    device: "net1".to_owned(),
                    scope: libc::RT_SCOPE_LINK.into(),
                    ..route("172.16.0.1/32", "")
                },
            ],
        }),
    };
    let routes: Routes = client.call(AGENT, "UpdateRoutes", &routes).unwrap();
    let mut found = texts(&routes);
    found.sort();
    let expected = [
        " 172.16.0.1 net1",
        "10.7.0.0/16  net1",
        "172.16.0.1/32  net1",
    ];
    assert_eq!(found, expected);
    // The kernel's own stays, the others go.
    let none = UpdateRoutesRequest {
        routes: Some(Routes::default()),
    };
    let routes: Routes = client.call(AGENT, "UpdateRoutes", &none).unwrap();
    assert_eq!(texts(&routes), ["10.7.0.0/16  net1"]);
}

/// A machine with one link and two routes of it that were told.
fn with_routes() -> (Agent, Client) {
    let link = ["link", "add", "eth0", "address", MAC, "type", "veth"];
    let (agent, mut client) = Agent::with_network(&[
        &[&link[..], &["peer", "name", "far"]].concat(),
        &["link", "set", "far", "up"],
    ]);
    update(&mut client, interface("eth0", &[("10.7.0.1", "16")]));
    let routes = vec![route("", "10.7.0.9"), route("172.16.0.0/12", "10.7.0.8")];
    update_routes(&mut client, routes).unwrap();
    (agent, client)
}

fn update_routes(client: &mut Client, routes: Vec<Route>) -> Result<Routes, Failure> {
    let routes = Some(Routes { routes });
    client.call(AGENT, "UpdateRoutes", &UpdateRoutesRequest { routes })
}

#[test]
fn routes_that_can_not_all_be_made_leave_those_that_were_there() {
    let (agent, mut client) = with_routes();
    let before = agent.in_its_network(&["route", "show"]);
    // The last can't be made: nothing leads to its gateway. Those before it take the place of one that was told
    // and of the kernel's own, and one is new.
    let half = vec![
        Route {
            mtu: 1300,
            scope: libc::RT_SCOPE_LINK.into(),
            ..route("10.7.0.0/16", "")
        },
        route("192.168.0.0/24", "10.7.0.7"),
        route("", "10.7.0.2"),
        route("192.168.9.0/24", "8.8.8.8"),
    ];
    for routes in [half.clone(), half.into_iter().rev().collect()] {
        let failed = update_routes(&mut client, routes).unwrap_err();
        assert!(failed.1.contains("192.168.9.0/24"), "{failed:?}");
        assert_eq!(agent.in_its_network(&["route", "show"]), before);
    }
}

#[test]
fn routes_that_are_told_again_stay_and_others_go() {
    let (agent, mut client) = with_routes();
    let before = agent.in_its_network(&["route", "show"]);
    let routes = vec![route("172.16.0.0/12", "10.7.0.8"), route("", "10.7.0.9")];
    update_routes(&mut client, routes).unwrap();
    assert_eq!(agent.in_its_network(&["route", "show"]), before);
    update_routes(&mut client, vec![route("", "10.7.0.2")]).unwrap();
    let after = agent.in_its_network(&["route", "show"]);
    assert!(
        after.starts_with("default via 10.7.0.2 dev eth0"),
        "{after}"
    );
    assert!(!after.contains("172.16"), "{after}");
}

#[test]
fn addresses_of_ipv6_are_usable_at_once() {
    let (agent, mut client) = Agent::with_network(&[
        &[
            "link", "add", "eth0", "address", MAC, "type", "veth", "peer", "name", "far",
        ],
        &["link", "set", "far", "up"],
    ]);
    update(&mut client, interface("eth0", &[("fd00::3", "64")]));
    let seen = agent.in_its_network(&["-6", "addr", "show", "dev", "eth0"]);
    assert!(seen.contains("fd00::3/64 scope global nodad"), "{seen}");
    assert!(seen.contains("fe80::5054:ff:fe12:3456/64"), "{seen}");
    assert!(!seen.contains("tentative"), "{seen}");
}

#[test]
fn neighbours_are_known_without_being_asked_for() {
    let (agent, mut client) = Agent::with_network(&[
        &[
            "link", "add", "eth0", "address", MAC, "type", "veth", "peer", "name", "far",
        ],
        &["link", "set", "eth0", "up"],
    ]);
    let neighbour = ArpNeighbor {
        to_ip_address: Some(IpAddress {
            address: "10.1.2.9".to_owned(),
            ..IpAddress::default()
        }),
        device: "eth0".to_owned(),
        lladdr: "52:54:00:00:00:09".to_owned(),
        ..ArpNeighbor::default()
    };
    let neighbors = Some(ArpNeighbors {
        arp_neighbors: vec![neighbour],
    });
    client.ok("AddARPNeighbors", &AddArpNeighborsRequest { neighbors });
    let seen = agent.in_its_network(&["neigh", "show"]);
    assert!(
        seen.contains("10.1.2.9 dev eth0 lladdr 52:54:00:00:00:09 PERMANENT"),
        "{seen}"
    );
}
