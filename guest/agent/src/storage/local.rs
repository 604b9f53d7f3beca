//! The local driver: a folder in the guest, for as long as some container uses it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Undo, fs_group, options};
use crate::proto::grpc::Storage;
use crate::status::{Context, Result, Status};

pub fn create(storage: &Storage, undo: &mut Vec<Undo>) -> Result<()> {
    let point = Path::new(&storage.mount_point);
    let mut options = options::parse(&storage.options);
    let group = fs_group::take_option(&mut options)?;
    let mode = match options.take("mode=") {
        None => None,
        Some(text) => match u32::from_str_radix(&text, 8) {
            Ok(mode) if mode <= 0o7777 => Some(mode),
            _ => {
                let message = format!("storage local: mode={text} is not an octal mode");
                return Err(Status::invalid(message));
            }
        },
    };
    fs::create_dir_all(point).context(|| format!("create {}", point.display()))?;
    undo.push(Undo::RemoveTree(point.to_owned()));
    if let Some(mode) = mode {
        fs::set_permissions(point, Permissions::from_mode(mode))
            .context(|| format!("mode of {}", point.display()))?;
    }
    fs_group::set(point, group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_folder_with_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let point = folder.path().join("a/b");
        let mut storage = Storage {
            mount_point: point.display().to_string(),
            options: vec!["mode=0777".to_owned()],
            ..Storage::default()
        };
        let mut undo = Vec::new();
        create(&storage, &mut undo).unwrap();
        let mode = fs::metadata(&point).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o777);
        assert!(matches!(&undo[..], [Undo::RemoveTree(path)] if *path == point));
        storage.options = vec!["mode=9".to_owned()];
        assert!(create(&storage, &mut undo).is_err());
    }
}
