//! The device node of a storage, waited for until it is there.

use std::path::{Path, PathBuf};

use crate::agent::Agent;
use crate::device::{pci, scsi, wait};
use crate::status::Result;

pub async fn by_pci_path(agent: &Agent, path: &str) -> Result<String> {
    let slots = pci::parse(path)?;
    let node = wait::until(agent, format!("block device at PCI path {path}"), || {
        pci::block_device(Path::new(pci::ROOT_BUS), &slots)
    });
    node.await.map(text)
}

pub async fn by_scsi_address(agent: &Agent, address: &str) -> Result<String> {
    let (id, lun) = scsi::parse(address)?;
    scsi::scan(id, lun);
    let node = wait::until(agent, format!("SCSI disk {address}"), || {
        scsi::block_device(Path::new(scsi::DEVICES), id, lun)
    });
    node.await.map(text)
}

pub async fn by_node(agent: &Agent, node: &str) -> Result<String> {
    let path = PathBuf::from(node);
    let there = wait::until(agent, format!("device {node}"), || {
        pci::ready(&path).then(|| path.clone())
    });
    there.await.map(text)
}

fn text(path: PathBuf) -> String {
    path.display().to_string()
}
