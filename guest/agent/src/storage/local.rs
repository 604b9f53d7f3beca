//! The local driver: a folder in the guest, for as long as some container uses it.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
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
    let made = make_folder(point).context(|| format!("create {}", point.display()))?;
    if made {
        undo.push(Undo::RemoveTree(point.to_owned()));
    }
    if let Some(mode) = mode
        && made
    {
        fs::set_permissions(point, Permissions::from_mode(mode))
            .context(|| format!("mode of {}", point.display()))?;
    }
    fs_group::set(point, group)
}

/// False if it was there: then it is another's, and stays as it is.
fn make_folder(point: &Path) -> std::io::Result<bool> {
    if let Some(above) = point.parent() {
        fs::create_dir_all(above)?;
    }
    match fs::create_dir(point) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && point.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
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
        // What was there before is another's.
        storage.options = vec!["mode=0700".to_owned()];
        create(&storage, &mut undo).unwrap();
        let mode = fs::metadata(&point).unwrap().permissions().mode();
        assert_eq!((mode & 0o7777, undo.len()), (0o777, 1));
        storage.options = vec!["mode=9".to_owned()];
        assert!(create(&storage, &mut undo).is_err());
    }
}
