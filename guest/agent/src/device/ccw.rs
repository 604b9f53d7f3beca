//! Disks of channel devices, as s390x has them, by ids such as "0.0.0001".

use std::fs;
use std::path::{Path, PathBuf};

use super::pci;
use crate::status::{Result, Status};

pub const DEVICES: &str = "/sys/bus/ccw/devices";

pub fn parse(id: &str) -> Result<()> {
    let parts: Vec<&str> = id.split('.').collect();
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit())
    };
    match parts[..] {
        [css, set, number] if hex(css, 1) && hex(set, 1) && hex(number, 4) => Ok(()),
        _ => Err(Status::invalid(format!(
            "CCW device {id:?}: expected an id such as \"0.0.0001\""
        ))),
    }
}

pub fn block_device(devices: &Path, id: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(devices.join(id)).ok()?.flatten();
    let mut virtio =
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("virtio"));
    pci::node(&virtio.next()?.path().join("block"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_ids() {
        assert!(parse("0.0.0001").is_ok() && parse("f.3.aB9f").is_ok());
        for id in ["", "0.0.1", "0.0.00001", "0.0", "0.0.0001.0", "../0.0.0001"] {
            assert!(parse(id).is_err(), "{id}");
        }
    }

    #[test]
    fn finds_the_disk() {
        let devices = tempfile::tempdir().unwrap();
        fs::create_dir_all(devices.path().join("0.0.0002/virtio3/block/null")).unwrap();
        assert_eq!(
            block_device(devices.path(), "0.0.0002"),
            Some("/dev/null".into())
        );
        assert_eq!(block_device(devices.path(), "0.0.0003"), None);
    }
}
