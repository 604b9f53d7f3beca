//! Addresses that the host gives to disks, as it writes them on the kernel's command line.

use std::fmt::{Display, Formatter};
use std::path::{Path, PathBuf};

use super::wait::Devices;
use super::{ccw, pci, scsi};
use crate::status::{Result, Status};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskAddress {
    /// `pci/02/03`: slots from the root bus down.
    Pci(Vec<u8>),
    /// `scsi/0:1`: id and lun.
    Scsi(u32, u32),
    /// `ccw/0.0.0001`: the id of the channel's device.
    Ccw(String),
    /// `mmio/vda`: the name that the kernel gives to the disk.
    Mmio(String),
}

impl DiskAddress {
    pub fn parse(text: &str) -> Result<DiskAddress> {
        let wrong = || {
            Status::invalid(format!(
                "address {text:?}: expected pci/SLOT/..., scsi/ID:LUN, ccw/0.0.XXXX or mmio/NAME"
            ))
        };
        let (bus, place) = text.split_once('/').ok_or_else(wrong)?;
        match bus {
            "pci" => pci::parse(place).map(DiskAddress::Pci),
            "scsi" => scsi::parse(place).map(|(id, lun)| DiskAddress::Scsi(id, lun)),
            "ccw" => ccw::parse(place).map(|()| DiskAddress::Ccw(place.to_owned())),
            "mmio" => {
                let plain = place.bytes().all(|b| b.is_ascii_alphanumeric());
                let name = (plain && !place.is_empty()).then(|| place.to_owned());
                name.map(DiskAddress::Mmio).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }

    /// The node of the disk, waited for until it is there.
    pub async fn node(&self, devices: &Devices) -> Result<PathBuf> {
        if let DiskAddress::Scsi(id, lun) = self {
            scsi::scan(*id, *lun);
        }
        devices.wait_for(self.to_string(), || self.find()).await
    }

    fn find(&self) -> Option<PathBuf> {
        match self {
            DiskAddress::Pci(slots) => pci::block_device(Path::new(pci::ROOT_BUS), slots),
            DiskAddress::Scsi(id, lun) => scsi::block_device(Path::new(scsi::DEVICES), *id, *lun),
            DiskAddress::Ccw(id) => ccw::block_device(Path::new(ccw::DEVICES), id),
            DiskAddress::Mmio(name) => {
                let node = Path::new("/dev").join(name);
                pci::can_be_opened(&node).then_some(node)
            }
        }
    }
}

impl Display for DiskAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            DiskAddress::Pci(slots) => {
                let slots: Vec<String> = slots.iter().map(|slot| format!("{slot:02x}")).collect();
                write!(f, "block device at PCI path {}", slots.join("/"))
            }
            DiskAddress::Scsi(id, lun) => write!(f, "SCSI disk {id}:{lun}"),
            DiskAddress::Ccw(id) => write!(f, "block device of CCW {id}"),
            DiskAddress::Mmio(name) => write!(f, "block device /dev/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms() {
        let parsed = |text: &str| DiskAddress::parse(text).unwrap();
        assert_eq!(parsed("pci/02/1f"), DiskAddress::Pci(vec![2, 31]));
        assert_eq!(parsed("scsi/0:1"), DiskAddress::Scsi(0, 1));
        assert_eq!(
            parsed("ccw/0.0.0001"),
            DiskAddress::Ccw("0.0.0001".to_owned())
        );
        assert_eq!(parsed("mmio/vda"), DiskAddress::Mmio("vda".to_owned()));
        for text in [
            "",
            "vda",
            "pci/",
            "pci/20",
            "scsi/1",
            "ccw/0.0.1",
            "mmio/",
            "mmio/../sda",
            "mmio/a/b",
            "usb/1",
        ] {
            assert!(DiskAddress::parse(text).is_err(), "{text}");
        }
    }
}
