//! The files of a container, for who copies them in and out.
//!
//! Every path is resolved inside the container's root, as its own processes would, mounts included:
//! a link leads nowhere else. What is done may hang on a file system of the container's own making,
//! so it is done on a thread of its own, and no more than one of a container hangs.

pub mod empty;
pub mod entry;
pub mod piece;
pub mod place;
pub mod put;
mod refusal;
pub mod remove;
pub mod rename;
pub mod root;
pub mod watch;

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::Path;

    use rustix::fs::Mode;
    use rustix::io::Errno;
    use rustix::mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount,
        fsopen,
    };

    use super::place::Place;
    use super::root::Root;
    use super::{entry, piece, put, rename};
    use crate::proto::virtcontainers::{DropFileRequest, FileKind, PutFileRequest};
    use crate::status::Code;

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
        assert!(entry::read(&root, OsStr::new("/away/secret"), false, 0, 9).is_err());
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

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_is_there_stays_until_the_new_file_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "old").unwrap();
        let root = Root::at(folder.path()).unwrap();
        let piece = |data, offset| PutFileRequest {
            part: "0a1b".to_owned(),
            ..file("/f", data, 4, offset)
        };
        put::put(&root, &piece(b"ab", 0)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        // One that will never be whole is taken away, as often as it is asked for.
        for _ in 0..2 {
            let drop = DropFileRequest {
                path: "/f".to_owned(),
                part: "0a1b".to_owned(),
                ..DropFileRequest::default()
            };
            put::drop_part(&root, &drop).unwrap();
            assert_eq!(
                (names(folder.path()), fs::read(&path).unwrap()),
                (vec!["f".to_owned()], b"old".to_vec())
            );
        }
        assert!(put::put(&root, &piece(b"cd", 2)).is_err());
        put::put(&root, &piece(b"ab", 0)).unwrap();
        put::put(&root, &piece(b"cd", 2)).unwrap();
        assert_eq!(
            (names(folder.path()), fs::read(&path).unwrap()),
            (vec!["f".to_owned()], b"abcd".to_vec())
        );
        for part in ["../0a", "new", "0a/1b"] {
            let part = part.to_owned();
            let request = PutFileRequest {
                part,
                ..piece(b"", 0)
            };
            assert_eq!(
                put::put(&root, &request).unwrap_err().code,
                Code::InvalidArgument
            );
        }
    }

    /// A file system of 64 KiB that is mounted nowhere.
    fn small() -> OwnedFd {
        let memory = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).unwrap();
        fsconfig_set_string(&memory, "size", "64k").unwrap();
        fsconfig_create(&memory).unwrap();
        fsmount(
            &memory,
            FsMountFlags::FSMOUNT_CLOEXEC,
            MountAttrFlags::empty(),
        )
        .unwrap()
    }

    #[test]
    fn what_has_no_room_leaves_what_was_there() {
        static LARGE: [u8; 40 << 10] = [b'x'; 40 << 10];
        let small = small();
        let folder = Path::new("/proc/self/fd").join(small.as_raw_fd().to_string());
        let (old, new) = (folder.join("f"), folder.join(".virtc-0a1b"));
        fs::write(&old, "old").unwrap();
        let root = Root::from(small.try_clone().unwrap());
        let piece = |offset| PutFileRequest {
            part: "0a1b".to_owned(),
            ..file("/f", &LARGE, 80 << 10, offset)
        };
        put::put(&root, &piece(0)).unwrap();
        let status = put::put(&root, &piece(40 << 10)).unwrap_err();
        assert_eq!(status.code, Code::ResourceExhausted);
        assert_eq!(
            (names(&folder), fs::read(&old).unwrap()),
            (vec!["f".to_owned()], b"old".to_vec())
        );

        // Nor does what is mounted on, and can only be written over.
        fs::write(&new, LARGE).unwrap();
        let place = Place::new(&small, OsStr::new("f"), "0a1b").unwrap();
        assert_eq!(piece::overwrite(&place), Err(Errno::NOSPC));
        assert_eq!(fs::read(&old).unwrap(), b"old");
        fs::write(&new, "fresh").unwrap();
        fs::write(&old, "longer than that").unwrap();
        fs::set_permissions(&old, PermissionsExt::from_mode(0o604)).unwrap();
        piece::overwrite(&place).unwrap();
        assert_eq!(fs::read(&old).unwrap(), b"fresh");
        assert_eq!(fs::metadata(&old).unwrap().mode() & 0o7777, 0o604);
    }

    #[test]
    fn what_is_no_file_is_not_replaced_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), Mode::from_raw_mode(0o606)).unwrap();
        fs::create_dir(path("sub")).unwrap();
        for name in ["pipe", "sub"] {
            fs::set_permissions(path(name), PermissionsExt::from_mode(0o707)).unwrap();
            let root = Root::at(folder.path()).unwrap();
            for kind in [FileKind::File, FileKind::Link] {
                let target = b"x".as_slice().into();
                let kind = kind.into();
                let request = PutFileRequest {
                    kind,
                    target,
                    ..file(&format!("/{name}"), b"x", 1, 0)
                };
                let status = put::put(&root, &request).unwrap_err();
                assert_eq!(status.code, Code::AlreadyExists, "{name}");
            }
            let place = root.parent(OsStr::new(name)).unwrap().0;
            fs::write(path(".virtc-new"), "x").unwrap();
            let place = Place::new(&place, OsStr::new(name), "").unwrap();
            assert!(piece::overwrite(&place).is_err(), "{name}");
            fs::remove_file(path(".virtc-new")).unwrap();
            assert_eq!(fs::metadata(path(name)).unwrap().mode() & 0o7777, 0o707);
        }
        let root = Root::at(folder.path()).unwrap();
        let kind = FileKind::Folder.into();
        put::put(
            &root,
            &PutFileRequest {
                kind,
                ..file("/sub", b"", 0, 0)
            },
        )
        .unwrap();
        assert_eq!(fs::metadata(path("sub")).unwrap().mode() & 0o7777, 0o707);
        assert_eq!(names(folder.path()), ["pipe", "sub"]);
    }

    #[test]
    fn a_hard_link_is_the_file_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "one").unwrap();
        fs::write(path("b"), "two").unwrap();
        symlink("a", path("l")).unwrap();
        let root = Root::at(folder.path()).unwrap();
        let link = |name: &str, target: &'static str| PutFileRequest {
            kind: FileKind::HardLink.into(),
            target: target.as_bytes().into(),
            ..file(name, b"", 0, 0)
        };
        for name in ["/c", "/b", "/b", "/a"] {
            put::put(&root, &link(name, "/a")).unwrap();
        }
        assert_eq!(names(folder.path()), ["a", "b", "c", "l"]);
        assert_eq!(fs::metadata(path("b")).unwrap().nlink(), 3);
        for target in ["/l", "/none", "/"] {
            assert!(put::put(&root, &link("/d", target)).is_err(), "{target}");
        }
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
        assert_eq!(
            entry::read(&root, OsStr::new("/c"), false, 0, 9).unwrap(),
            b"c"
        );
        assert_eq!(
            entry::read(&root, OsStr::new("/c"), false, 1, 9).unwrap(),
            b""
        );
        for path in ["/l", "/", "/none"] {
            assert!(
                entry::read(&root, OsStr::new(path), false, 0, 9).is_err(),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_renamed_replaces_files_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let root = Root::at(folder.path()).unwrap();
        for name in ["a", "b"] {
            fs::write(at(name), name).unwrap();
        }
        fs::create_dir_all(at("full/below")).unwrap();
        fs::create_dir(at("empty")).unwrap();
        rename::rename(&root, "/a", "/b").unwrap();
        assert_eq!(fs::read(at("b")).unwrap(), b"a");
        assert!(!at("a").exists());
        rename::rename(&root, "/full", "/moved").unwrap();
        assert!(at("moved/below").is_dir());
        for (from, to, code) in [
            ("/b", "/empty", Code::AlreadyExists),
            ("/moved", "/empty", Code::AlreadyExists),
            ("/moved", "/b", Code::AlreadyExists),
            ("/none", "/c", Code::NotFound),
            ("/moved", "/moved/below/self", Code::InvalidArgument),
            ("/", "/c", Code::InvalidArgument),
        ] {
            let refused = rename::rename(&root, from, to).unwrap_err();
            assert_eq!(refused.code, code, "{from} to {to}: {refused}");
        }
        symlink("/b", at("link")).unwrap();
        rename::rename(&root, "/link", "/other").unwrap();
        assert_eq!(fs::read_link(at("other")).unwrap(), Path::new("/b"));
    }

    #[test]
    fn a_link_at_the_end_is_read_only_if_it_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "text").unwrap();
        symlink("/file", folder.path().join("link")).unwrap();
        let root = Root::at(folder.path()).unwrap();
        let read = |follow| entry::read(&root, OsStr::new("/link"), follow, 0, 9);
        assert_eq!(read(true).unwrap(), b"text");
        assert!(read(false).is_err());
    }
}
