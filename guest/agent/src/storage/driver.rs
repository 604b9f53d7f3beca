//! The storage drivers, by the names of the agent protocol.

use std::path::Path;

use super::watchable::{self, Watch};
use super::{Undo, ephemeral, fs_group, local, mount, options, overlay};
use crate::device::block;
use crate::device::wait::Devices;
use crate::proto::grpc::Storage;
use crate::status::{Code, Result, Status};

/// The drivers, as GetGuestDetails lists them.
pub const DRIVERS: &[&str] = &[
    "9p",
    "blk",
    "blk-ccw",
    "ephemeral",
    "local",
    "mmioblk",
    "nvdimm",
    "overlayfs",
    "scsi",
    "virtio-fs",
    "watchable-bind",
];

/// What is to be mounted; waits for the device if the driver has one.
pub async fn source(devices: &Devices, storage: &Storage) -> Result<String> {
    let encrypted = |option: &String| option.starts_with("encryption_key=");
    if storage.driver_options.iter().any(encrypted) {
        let message = "storage: encrypted block devices are not supported";
        return Err(Status::new(Code::Unimplemented, message));
    }
    match storage.driver.as_str() {
        "blk" => block::by_pci_path(devices, &storage.source).await,
        "blk-ccw" => block::by_ccw_id(devices, &storage.source).await,
        "scsi" => block::by_scsi_address(devices, &storage.source).await,
        "mmioblk" | "nvdimm" => block::by_node(devices, &storage.source).await,
        "9p" | "ephemeral" | "local" | "overlayfs" | "virtio-fs" | "watchable-bind" => {
            Ok(storage.source.clone())
        }
        other => Err(Status::invalid(format!(
            "storage driver {other:?} is not supported: use one of {}",
            DRIVERS.join(", ")
        ))),
    }
}

/// Mounts it, noting in `undo` each thing done. `scratch` is a place for files of the driver's own.
/// Gives what is to be watched from then on. May block.
pub fn mount(
    scratch: &Path,
    storage: &Storage,
    source: &str,
    undo: &mut Vec<Undo>,
) -> Result<Option<Watch>> {
    let point = Path::new(&storage.mount_point);
    let mut watch = None;
    match storage.driver.as_str() {
        "ephemeral" => ephemeral::mount(storage, undo),
        "local" => local::create(storage, undo),
        "overlayfs" => overlay::mount(storage, undo),
        "watchable-bind" => {
            watch = watchable::mount(scratch, storage, undo)?;
            Ok(())
        }
        driver => {
            let default = match driver {
                "9p" => "9p",
                "virtio-fs" => "virtiofs",
                _ => "",
            };
            let fstype = match storage.fstype.as_str() {
                "" if !default.is_empty() => default,
                "" => {
                    return Err(Status::invalid(format!(
                        "storage {driver}: fstype is empty"
                    )));
                }
                fstype => fstype,
            };
            let mut options = options::parse(&storage.options);
            if driver == "9p" {
                options.default("trans=", "virtio");
                options.default("version=", "9p2000.L");
            }
            mount::mount(source, point, fstype, &options, undo)
        }
    }?;
    fs_group::apply(storage).map(|()| watch)
}
