//! What stands in a folder, so that two looks at it can be compared.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::Result;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// More files than this are not watched; links are not counted.
const MAX_FILES: usize = 16;
/// More bytes than this are not watched.
const MAX_BYTES: u64 = 1 << 20;
/// Links and folders; a folder with more is none of the kind that is watched.
const MAX_ENTRIES: usize = 256;

/// Its members by their paths below it; "" is the folder itself, or the one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<PathBuf, Entry>);

#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Folder,
    File { size: u64, changed: SystemTime },
    Link(OsString),
}

/// None if there is more than is watched. What is neither file, folder nor link is left out.
pub fn tree(source: &Path) -> Result<Option<Tree>> {
    let mut tree = Tree::default();
    let (mut files, mut bytes) = (0, 0);
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let path = match below.as_os_str().is_empty() {
            // What is shared may itself be a link.
            true => fs::canonicalize(source)?,
            false => source.join(&below),
        };
        let metadata = match fs::symlink_metadata(&path) {
            // It went while we were looking.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            result => result?,
        };
        let Some(entry) = entry(&path, &metadata)? else {
            continue;
        };
        match entry.kind {
            Kind::Folder => {
                for child in fs::read_dir(&path)? {
                    open.push(below.join(child?.file_name()));
                    if open.len() > MAX_ENTRIES {
                        return Ok(None);
                    }
                }
            }
            Kind::File { size, .. } => (files, bytes) = (files + 1, bytes + size),
            Kind::Link(_) => {}
        }
        tree.0.insert(below, entry);
        if files > MAX_FILES || bytes > MAX_BYTES || tree.0.len() > MAX_ENTRIES {
            return Ok(None);
        }
    }
    Ok(Some(tree))
}

fn entry(path: &Path, metadata: &Metadata) -> Result<Option<Entry>> {
    let kind = match metadata.file_type() {
        kind if kind.is_dir() => Kind::Folder,
        kind if kind.is_symlink() => Kind::Link(fs::read_link(path)?.into_os_string()),
        kind if kind.is_file() => Kind::File {
            size: metadata.len(),
            changed: metadata.modified()?,
        },
        _ => return Ok(None),
    };
    Ok(Some(Entry {
        kind,
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_is_not_watched() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..MAX_FILES {
            fs::write(folder.path().join(n.to_string()), "x").unwrap();
        }
        assert_eq!(tree(folder.path()).unwrap().unwrap().0.len(), MAX_FILES + 1);
        fs::write(folder.path().join("one-more"), "").unwrap();
        assert_eq!(tree(folder.path()).unwrap(), None);
        fs::remove_file(folder.path().join("one-more")).unwrap();
        let large = fs::File::create(folder.path().join("0")).unwrap();
        large.set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(tree(folder.path()).unwrap(), None);
        assert!(tree(&folder.path().join("none")).is_err());
    }
}
