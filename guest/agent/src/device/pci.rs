//! PCI paths: hexadecimal slots from the root bus down, "02/03" being the device in slot 3 of the
//! bridge in slot 2.

use std::fs;
use std::path::{Path, PathBuf};

use crate::status::{Result, Status};

pub const ROOT_BUS: &str = "/sys/devices/pci0000:00";

pub fn parse(path: &str) -> Result<Vec<u8>> {
    let slot = |text: &str| {
        let well_formed = (1..=2).contains(&text.len());
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        let slot = u8::from_str_radix(text, 16).ok();
        slot.filter(|slot| well_formed && hex && *slot < 32)
    };
    path.split('/').map(slot).collect::<Option<Vec<u8>>>().ok_or_else(|| {
        Status::invalid(format!(
            "PCI path {path:?}: expected slots 00 to 1f in hexadecimal, such as \"03\" or \"02/03\""
        ))
    })
}

/// The folder in sysfs of the device, once the kernel knows it.
pub fn folder(root_bus: &Path, slots: &[u8]) -> Option<PathBuf> {
    let mut folder = root_bus.to_owned();
    for slot in slots {
        // The bus number behind a bridge is the kernel's choice, the slot is not.
        let suffix = format!(":{slot:02x}.0");
        let entry = fs::read_dir(&folder).ok()?.flatten().find(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.len() == "0000:00:00.0".len() && name.ends_with(&suffix)
        })?;
        folder = entry.path();
    }
    Some(folder)
}

/// The node of the virtio disk at that place.
pub fn block_device(root_bus: &Path, slots: &[u8]) -> Option<PathBuf> {
    let folder = folder(root_bus, slots)?;
    let virtio = fs::read_dir(folder)
        .ok()?
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("virtio"))?;
    node(&virtio.path().join("block"))
}

/// The node of the one device that a `block` folder in sysfs holds, once it exists.
pub fn node(block: &Path) -> Option<PathBuf> {
    let name = fs::read_dir(block).ok()?.flatten().next()?.file_name();
    let node = Path::new("/dev").join(name);
    can_be_opened(&node).then_some(node)
}

/// Whether the node can be opened: the kernel makes it a moment before the disk behind it is there.
pub fn can_be_opened(node: &Path) -> bool {
    fs::File::open(node).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_slots() {
        assert_eq!(parse("03"), Ok(vec![3]));
        assert_eq!(parse("02/1f"), Ok(vec![2, 31]));
        assert_eq!(parse("1e/2/0"), Ok(vec![30, 2, 0]));
    }

    #[test]
    fn refuses_what_is_no_slot() {
        for path in [
            "",
            "/",
            "03/",
            "20",
            "0x3",
            "+3",
            "003",
            "../03",
            "0000:00:03.0",
        ] {
            let message = parse(path).unwrap_err().message;
            assert!(message.contains(&format!("{path:?}")), "{message}");
        }
    }

    #[test]
    fn finds_the_folder_behind_bridges() {
        let bus = tempfile::tempdir().unwrap();
        let deep = bus
            .path()
            .join("0000:00:02.0/0000:01:03.0/virtio4/block/null");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir(bus.path().join("0000:00:03.0")).unwrap();
        let found = folder(bus.path(), &[2, 3]).unwrap();
        assert!(found.ends_with("0000:00:02.0/0000:01:03.0"));
        assert_eq!(block_device(bus.path(), &[2, 3]), Some("/dev/null".into()));
        assert_eq!(block_device(bus.path(), &[3]), None);
        assert_eq!(folder(bus.path(), &[4]), None);
    }
}
