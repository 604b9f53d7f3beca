//! Finds the virtio-serial ports by name, now and as they appear.

use std::collections::BTreeSet;
use std::fs;
use std::io::Result;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{Mode, OFlags};

use super::port;
use crate::agent::Agent;
use crate::transport::uevent::Uevents;

const CLASS: &str = "/sys/class/virtio-ports";
const CHANNEL: &str = "agent.channel.";
const LOG: &str = "virtc.log.0";

/// Opens all ports there are, and from then on those that come.
pub fn start(agent: &Rc<Agent>, uevents: Rc<Uevents>) {
    let mut open = BTreeSet::new();
    scan(agent, &mut open);
    let agent = agent.clone();
    tokio::task::spawn_local(async move {
        loop {
            uevents.next().await;
            scan(&agent, &mut open);
        }
    });
}

fn scan(agent: &Rc<Agent>, open: &mut BTreeSet<String>) {
    let found = list(Path::new(CLASS));
    open.retain(|device| found.iter().any(|(known, _)| known == device));
    for (device, name) in found {
        if open.contains(&device) || !(name.starts_with(CHANNEL) || name == LOG) {
            continue;
        }
        match open_port(&Path::new("/dev").join(&device)) {
            Ok(fd) => {
                crate::debug!("phase port {name} open");
                open.insert(device);
                match name.as_str() {
                    LOG => agent.output_log.attach_port(&agent.poller, fd),
                    _ => drop(tokio::task::spawn_local(port::serve(
                        agent.clone(),
                        name,
                        fd,
                    ))),
                }
            }
            Err(error) => crate::warning!("port {name} (/dev/{device}): {error}"),
        }
    }
}

/// Device and name of each port; one that has no name yet is announced again when it gets one.
fn list(class: &Path) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(class) else {
        return Vec::new();
    };
    let mut ports: Vec<(String, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = fs::read_to_string(entry.path().join("name")).ok()?;
            let device = entry.file_name().into_string().ok()?;
            Some((device, name.trim().to_owned()))
        })
        .collect();
    ports.sort();
    ports
}

fn open_port(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_ports_with_names() {
        let class = tempfile::tempdir().unwrap();
        for (device, name) in [("vport1p2", Some("agent.channel.1\n")), ("vport1p1", None)] {
            let folder = class.path().join(device);
            fs::create_dir(&folder).unwrap();
            if let Some(name) = name {
                fs::write(folder.join("name"), name).unwrap();
            }
        }
        let expected = [("vport1p2".to_owned(), "agent.channel.1".to_owned())];
        assert_eq!(list(class.path()), expected);
        assert!(list(Path::new("/nonexistent")).is_empty());
    }
}
