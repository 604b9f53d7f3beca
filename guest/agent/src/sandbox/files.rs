//! Files that containers have from their sandbox, such as /etc/hosts: bound from one folder into all of them.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::files::root::Root;
use crate::proto::grpc::Spec;
use crate::status::{Context, Result, Status};

const MODE: u32 = 0o644;

pub fn folder(run_dir: &Path) -> PathBuf {
    run_dir.join("sandbox/files")
}

/// In place, since containers have the file itself; who reads it meanwhile finds one with all of its length.
pub fn write(folder: &Path, name: &str, data: &[u8]) -> Result<()> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(Status::invalid(format!("files: {name:?} is no name")));
    }
    let path = folder.join(name);
    let what = || format!("write {}", path.display());
    fs::create_dir_all(folder).context(what)?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(MODE)
        .open(&path)
        .context(what)?;
    file.set_permissions(Permissions::from_mode(MODE))
        .context(what)?;
    file.write_all_at(data, 0).context(what)?;
    file.set_len(data.len() as u64).context(what)
}

/// Leaves out what a read-only root has no place for.
pub fn leave_out_homeless(spec: &mut Spec, root: &Root, folder: &Path) {
    spec.mounts.retain(|mount| {
        let is_ours = Path::new(&mount.source).parent() == Some(folder);
        // What else may be in the way is crun's to deal with, or to tell.
        !is_ours || root.make_place(Path::new(&mount.destination)) != Err(Errno::ROFS)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_file_is_written_in_place() {
        let run = tempfile::tempdir().unwrap();
        let folder = folder(run.path());
        write(&folder, "hosts", b"127.0.0.1 localhost\n").unwrap();
        let file = folder.join("hosts");
        let before = fs::metadata(&file).unwrap();
        write(&folder, "hosts", b"short\n").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"short\n");
        let after = fs::metadata(&file).unwrap();
        assert_eq!(before.ino(), after.ino());
        assert_eq!(after.mode() & 0o7777, 0o644);
        for name in ["", ".", "..", "a/b", "../hosts", "/etc/passwd", "a\0b"] {
            assert!(write(&folder, name, b"x").is_err(), "{name:?}");
        }
    }
}
