//! SCSI disks, addressed as "id:lun".

use std::fs;
use std::path::{Path, PathBuf};

use super::pci;
use crate::status::{Result, Status};

pub const DEVICES: &str = "/sys/class/scsi_device";
const HOSTS: &str = "/sys/class/scsi_host";

pub fn parse(address: &str) -> Result<(u32, u32)> {
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    };
    address
        .split_once(':')
        .and_then(|(id, lun)| Some((number(id)?, number(lun)?)))
        .ok_or_else(|| Status::invalid(format!("SCSI address {address:?}: expected \"id:lun\"")))
}

/// Has the hosts look for the disk: not every controller announces one.
pub fn scan(id: u32, lun: u32) {
    for host in fs::read_dir(HOSTS).into_iter().flatten().flatten() {
        let _ = fs::write(host.path().join("scan"), format!("0 {id} {lun}"));
    }
}

pub fn block_device(devices: &Path, id: u32, lun: u32) -> Option<PathBuf> {
    let suffix = format!(":0:{id}:{lun}");
    let device = fs::read_dir(devices).ok()?.flatten().find(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().ends_with(&suffix)
    })?;
    pci::node(&device.path().join("device/block"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_addresses() {
        assert_eq!(parse("0:0"), Ok((0, 0)));
        assert_eq!(parse("12:255"), Ok((12, 255)));
        for address in ["", "1", "1:", ":1", "1:2:3", "-1:0", "a:b"] {
            assert!(parse(address).is_err(), "{address}");
        }
    }

    #[test]
    fn finds_the_disk() {
        let devices = tempfile::tempdir().unwrap();
        for (name, disk) in [("2:0:0:1", "null"), ("2:0:10:1", "zero")] {
            fs::create_dir_all(devices.path().join(name).join("device/block").join(disk)).unwrap();
        }
        assert_eq!(block_device(devices.path(), 0, 1), Some("/dev/null".into()));
        assert_eq!(
            block_device(devices.path(), 10, 1),
            Some("/dev/zero".into())
        );
        assert_eq!(block_device(devices.path(), 1, 1), None);
    }
}
