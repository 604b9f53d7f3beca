//! The node of a block device by its address, waited for until it is there.

use std::path::{Path, PathBuf};

use super::wait::Devices;
use super::{pci, scsi};
use crate::status::Result;

pub async fn by_pci_path(devices: &Devices, path: &str) -> Result<String> {
    let slots = pci::parse(path)?;
    let node = devices.wait_for(format!("block device at PCI path {path}"), || {
        pci::block_device(Path::new(pci::ROOT_BUS), &slots)
    });
    node.await.map(text)
}

pub async fn by_scsi_address(devices: &Devices, address: &str) -> Result<String> {
    let (id, lun) = scsi::parse(address)?;
    scsi::scan(id, lun);
    let node = devices.wait_for(format!("SCSI disk {address}"), || {
        scsi::block_device(Path::new(scsi::DEVICES), id, lun)
    });
    node.await.map(text)
}

pub async fn by_node(devices: &Devices, node: &str) -> Result<String> {
    let path = PathBuf::from(node);
    let there = devices.wait_for(format!("device {node}"), || {
        pci::can_be_opened(&path).then(|| path.clone())
    });
    there.await.map(text)
}

fn text(path: PathBuf) -> String {
    path.display().to_string()
}
