//! The node of a block device by its address, waited for until it is there.

use std::path::PathBuf;

use super::address::DiskAddress;
use super::wait::Devices;
use super::{ccw, pci, scsi};
use crate::status::Result;

pub async fn by_pci_path(devices: &Devices, path: &str) -> Result<String> {
    let address = DiskAddress::Pci(pci::parse(path)?);
    address.node(devices).await.map(text)
}

pub async fn by_scsi_address(devices: &Devices, address: &str) -> Result<String> {
    let (id, lun) = scsi::parse(address)?;
    let address = DiskAddress::Scsi(id, lun);
    address.node(devices).await.map(text)
}

pub async fn by_ccw_id(devices: &Devices, id: &str) -> Result<String> {
    ccw::parse(id)?;
    let address = DiskAddress::Ccw(id.to_owned());
    address.node(devices).await.map(text)
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
