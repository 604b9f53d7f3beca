//! The devices of a CreateContainer request: the guest's numbers are put into the OCI spec.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::block;
use super::wait::Devices;
use crate::proto::grpc::{Device, LinuxDeviceCgroup, Spec};
use crate::status::{Code, Context, Result, Status};

/// The device types, as GetGuestDetails lists them.
pub const TYPES: &[&str] = &["blk", "blk-ccw", "mmioblk", "nvdimm", "scsi"];

/// Finds each device in the guest and corrects its entry in the spec.
pub async fn add_all(known: &Devices, wanted: &[Device], spec: &mut Spec) -> Result<()> {
    for device in wanted {
        check(device)?;
        let node = match device.r#type.as_str() {
            "blk" => block::by_pci_path(known, &device.id).await?,
            "blk-ccw" => block::by_ccw_id(known, &device.id).await?,
            "scsi" => block::by_scsi_address(known, &device.id).await?,
            "mmioblk" | "nvdimm" => block::by_node(known, &device.vm_path).await?,
            other => {
                let message = format!("device type {other:?} is not supported");
                return Err(Status::new(Code::Unimplemented, message));
            }
        };
        put(spec, &device.container_path, Path::new(&node))?;
    }
    Ok(())
}

fn check(device: &Device) -> Result<()> {
    let empty = |field: &str| Err(Status::invalid(format!("device: {field} is empty")));
    match device {
        Device { r#type, .. } if r#type.is_empty() => empty("type"),
        Device { id, vm_path, .. } if id.is_empty() && vm_path.is_empty() => {
            empty("id and vm_path")
        }
        Device { container_path, .. } if container_path.is_empty() => empty("container_path"),
        _ => Ok(()),
    }
}

fn put(spec: &mut Spec, container_path: &str, node: &Path) -> Result<()> {
    let metadata = std::fs::metadata(node).context(|| format!("device {}", node.display()))?;
    let number = metadata.rdev();
    let major = i64::from(rustix::fs::major(number));
    let minor = i64::from(rustix::fs::minor(number));
    let linux = spec.linux.get_or_insert_default();
    let entry = linux
        .devices
        .iter_mut()
        .find(|entry| entry.path == container_path);
    let entry = entry.ok_or_else(|| {
        Status::invalid(format!(
            "device {container_path}: not in the spec's linux.devices"
        ))
    })?;
    let before = (entry.major, entry.minor);
    (entry.major, entry.minor) = (major, minor);
    entry.r#type = match metadata.file_type().is_block_device() {
        true => "b".to_owned(),
        false => "c".to_owned(),
    };
    let kind = entry.r#type.clone();
    let rules = &mut linux.resources.get_or_insert_default().devices;
    let rule = rules
        .iter_mut()
        .find(|rule| rule.r#type == kind && (rule.major, rule.minor) == before && before != (0, 0));
    match rule {
        Some(rule) => (rule.major, rule.minor) = (major, minor),
        None => rules.push(LinuxDeviceCgroup {
            allow: true,
            r#type: kind,
            major,
            minor,
            access: "rwm".to_owned(),
        }),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::grpc::{Linux, LinuxDevice};

    #[test]
    fn corrects_the_entry_and_allows_it() {
        let mut spec = Spec {
            linux: Some(Linux {
                devices: vec![LinuxDevice {
                    path: "/dev/xvda".to_owned(),
                    ..LinuxDevice::default()
                }],
                ..Linux::default()
            }),
            ..Spec::default()
        };
        put(&mut spec, "/dev/xvda", Path::new("/dev/null")).unwrap();
        let linux = spec.linux.clone().unwrap();
        assert_eq!((linux.devices[0].major, linux.devices[0].minor), (1, 3));
        assert_eq!(linux.devices[0].r#type, "c");
        let rule = &linux.resources.unwrap().devices[0];
        assert_eq!((rule.allow, rule.major, rule.minor), (true, 1, 3));
        assert!(put(&mut spec, "/dev/other", Path::new("/dev/null")).is_err());
    }

    #[test]
    fn names_the_empty_field() {
        let message = check(&Device::default()).unwrap_err().message;
        assert_eq!(message, "device: type is empty");
    }
}
