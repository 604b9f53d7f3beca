//! The files of a container, for who copies them in and out.
//!
//! Every path is resolved inside the container's root, as its own processes would, mounts included:
//! a link leads nowhere else. What is done may hang on a file system of the container's own making,
//! so it is done on a thread of its own, and no more than one of a container hangs.

pub mod entry;
pub mod put;
pub mod root;

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::root::Root;
    use super::{entry, put};
    use crate::proto::virtcontainers::{DropFileRequest, FileKind, PutFileRequest};

    fn file(path: &str, data: &'static [u8], size: u64, offset: u64) -> PutFileRequest {
        PutFileRequest {
            path: path.to_owned(),
            kind: FileKind::File.into(),
            mode: 0o640,
            uid: rustix::process::getuid().as_raw(),
            gid: rustix::process::getgid().as_raw(),
            mtime_ms: 1500,
            data: data.into(),
            size,
            offset,
            ..PutFileRequest::default()
        }
    }

    #[test]
    fn links_lead_nowhere_out_of_the_root() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("secret"), "no").unwrap();
        symlink(outside.path(), inside.path().join("away")).unwrap();
        symlink("../../../../../etc", inside.path().join("up")).unwrap();
        symlink("/etc", inside.path().join("etc-link")).unwrap();
        fs::create_dir(inside.path().join("etc")).unwrap();
        let root = Root::at(inside.path()).unwrap();
        assert!(entry::read(&root, OsStr::new("/away/secret"), 0, 9).is_err());
        assert!(put::put(&root, &file("/away/evil", b"x", 1, 0)).is_err());
        for folder in ["/up", "/etc-link", "/../../etc"] {
            put::put(&root, &file(&format!("{folder}/made"), b"x", 1, 0)).unwrap();
            assert!(inside.path().join("etc/made").exists(), "{folder}");
            fs::remove_file(inside.path().join("etc/made")).unwrap();
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kept"), "whole").unwrap();
        symlink("kept", folder.path().join("new")).unwrap();
        let root = Root::at(folder.path()).unwrap();
        put::put(&root, &file("/new", b"ab", 4, 0)).unwrap();
        put::put(&root, &file("/new", b"cd", 4, 2)).unwrap();
        assert_eq!(fs::read(folder.path().join("new")).unwrap(), b"abcd");
        assert_eq!(fs::read(folder.path().join("kept")).unwrap(), b"whole");
        let found = entry::stat(&root, OsStr::new("/new"), false)
            .unwrap()
            .unwrap();
        assert_eq!((found.mode, found.size, found.mtime_ms), (0o640, 4, 1500));
        assert_eq!(entry::stat(&root, OsStr::new("/none"), true).unwrap(), None);
        for path in ["/", "/a/..", "."] {
            assert!(put::put(&root, &file(path, b"", 0, 0)).is_err(), "{path}");
        }
    }

    fn part(path: &str, data: &'static [u8], size: u64, offset: u64) -> PutFileRequest {
        PutFileRequest {
            part: "0a1b".to_owned(),
            ..file(path, data, size, offset)
        }
    }

    #[test]
    fn a_file_has_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::at(folder.path()).unwrap();
        let names = || {
            let entries = fs::read_dir(folder.path()).unwrap().flatten();
            let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
            names.sort();
            names
        };
        let read = || fs::read(folder.path().join("f")).unwrap();
        fs::write(folder.path().join("f"), "before").unwrap();
        put::put(&root, &part("/f", b"ab", 4, 0)).unwrap();
        assert_eq!(read(), b"before");
        put::put(&root, &part("/f", b"cd", 4, 2)).unwrap();
        assert_eq!((read(), names()), (b"abcd".to_vec(), vec!["f".into()]));
        // One that will never be whole is taken away, as often as it is asked for.
        put::put(&root, &part("/f", b"xy", 4, 0)).unwrap();
        for _ in 0..2 {
            let drop = DropFileRequest {
                path: "/f".to_owned(),
                part: "0a1b".to_owned(),
                ..DropFileRequest::default()
            };
            put::drop_part(&root, &drop).unwrap();
            assert_eq!((read(), names()), (b"abcd".to_vec(), vec!["f".into()]));
        }
        fs::create_dir(folder.path().join("d")).unwrap();
        assert!(put::put(&root, &part("/d", b"x", 1, 0)).is_err());
        let mut evil = part("/f", b"x", 1, 0);
        evil.part = "../0a".to_owned();
        assert!(put::put(&root, &evil).is_err());
    }

    #[test]
    fn folders_are_listed_in_pieces_and_only_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        symlink("a", folder.path().join("l")).unwrap();
        let root = Root::at(folder.path()).unwrap();
        let names = |after: &[u8], limit| {
            let entries = entry::list(&root, OsStr::new("/"), after, limit).unwrap();
            entries
                .into_iter()
                .map(|entry| entry.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(b"", 2), ["a", "b"]);
        assert_eq!(names(b"b", 9), ["c", "l"]);
        assert_eq!(names(b"l", 9).len(), 0);
        assert_eq!(entry::read(&root, OsStr::new("/c"), 0, 9).unwrap(), b"c");
        assert_eq!(entry::read(&root, OsStr::new("/c"), 1, 9).unwrap(), b"");
        for path in ["/l", "/", "/none"] {
            assert!(
                entry::read(&root, OsStr::new(path), 0, 9).is_err(),
                "{path}"
            );
        }
    }
}
