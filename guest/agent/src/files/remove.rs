//! Takes away what stands at a path of a container.

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::empty::{Bounds, empty};
use super::put::kind_of;
use super::refusal::{parent, refusal};
use super::root::Root;
use crate::status::Result;

/// A link is taken away itself; a folder with what is in it only if that is `recursive`. False if the time was
/// over before all was gone: who asks again goes on with it.
pub fn remove(root: &Root, path: &str, recursive: bool, bounds: Bounds) -> Result<bool> {
    let (folder, name) = parent(root, path)?;
    let work = || {
        let kind = kind_of(&folder, name)?.ok_or(Errno::NOENT)?;
        if kind != FileType::Directory {
            return rustix::fs::unlinkat(&folder, name, AtFlags::empty()).map(|()| true);
        }
        if recursive && !empty(&folder, name, bounds)? {
            return Ok(false);
        }
        match rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR) {
            // Somebody has put something in it since.
            Err(Errno::NOTEMPTY | Errno::EXIST) if recursive => Ok(false),
            Err(Errno::NOENT) if recursive => Ok(true),
            result => result.map(|()| true),
        }
    };
    work().map_err(|error| refusal(path, error))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use rustix::fs::{Mode, OFlags};

    use super::*;
    use crate::files::empty::{BOUNDS, walk};
    use crate::status::Code;

    fn root(folder: &Path) -> Root {
        Root::at(folder).unwrap()
    }

    fn all(folder: &Path, path: &str, bounds: Bounds) {
        while !remove(&root(folder), path, true, bounds).unwrap() {}
    }

    /// Folders in each other, and what is in each.
    fn dig(at: &Path, levels: usize, fill: impl Fn(&OwnedFd, usize)) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        fs::create_dir(at).unwrap();
        let mut here = OwnedFd::from(File::open(at).unwrap());
        for level in 0..levels {
            fill(&here, level);
            rustix::fs::mkdirat(&here, "d", Mode::RWXU).unwrap();
            here = rustix::fs::openat(&here, "d", flags, Mode::empty()).unwrap();
        }
    }

    fn touch(folder: &OwnedFd, name: &str) {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
        rustix::fs::openat(folder, name, flags, Mode::RUSR).unwrap();
    }

    #[test]
    fn what_is_removed_is_gone_with_all_below_it_and_no_link_is_followed() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| inside.path().join(name);
        fs::write(outside.path().join("secret"), "stays").unwrap();
        fs::create_dir_all(at("tree/a/b")).unwrap();
        fs::write(at("tree/a/b/file"), "x").unwrap();
        symlink(outside.path(), at("tree/a/away")).unwrap();
        symlink(outside.path(), at("link")).unwrap();
        let refused = remove(&root(inside.path()), "/tree", false, BOUNDS).unwrap_err();
        assert_eq!(refused.code, Code::FailedPrecondition);
        all(inside.path(), "/tree", BOUNDS);
        assert!(!at("tree").exists());
        all(inside.path(), "/link", BOUNDS);
        assert!(outside.path().join("secret").exists());
        for path in ["/tree", "/none/below"] {
            let refused = remove(&root(inside.path()), path, true, BOUNDS).unwrap_err();
            assert_eq!(refused.code, Code::NotFound, "{path}");
        }
        assert!(remove(&root(inside.path()), "/", true, BOUNDS).is_err());
    }

    #[test]
    fn two_hundred_thousand_names_are_held_by_nobody() {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let wide = folder.path().join("wide");
        fs::create_dir(&wide).unwrap();
        let open = OwnedFd::from(File::open(&wide).unwrap());
        for number in 0..200_000 {
            rustix::fs::mknodat(
                &open,
                format!("{number}"),
                FileType::RegularFile,
                Mode::RUSR,
                0,
            )
            .unwrap();
        }
        all(folder.path(), "/wide", BOUNDS);
        assert!(!wide.exists());
    }

    #[test]
    fn five_thousand_levels_are_no_limit() {
        let folder = tempfile::tempdir().unwrap();
        // As it is, and with so little that it begins anew more than once.
        for known in [BOUNDS.known, 700] {
            dig(&folder.path().join("deep"), 5000, |here, level| {
                if level % 7 == 0 {
                    touch(here, "file");
                    rustix::fs::mkdirat(here, "other", Mode::RWXU).unwrap();
                }
            });
            let bounds = Bounds { known, ..BOUNDS };
            let mut few = |depth| {
                let open = fs::read_dir("/proc/self/fd").unwrap().count();
                assert!(depth < 4000 || open < 500, "{open} are open");
            };
            let top = OwnedFd::from(File::open(folder.path()).unwrap());
            while !walk(&top, "deep".as_ref(), bounds, &mut few).unwrap() {}
            all(folder.path(), "/deep", bounds);
            assert!(!folder.path().join("deep").exists());
        }
    }

    #[test]
    fn what_takes_long_goes_on_when_it_is_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        dig(&folder.path().join("tree"), 20, |here, _| {
            touch(here, "file")
        });
        let bounds = Bounds {
            time: Duration::ZERO,
            ..BOUNDS
        };
        assert!(!remove(&root(folder.path()), "/tree", true, bounds).unwrap());
        all(folder.path(), "/tree", BOUNDS);
        assert!(!folder.path().join("tree").exists());
    }

    #[test]
    fn folders_that_are_moved_meanwhile_lead_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("kept/within")).unwrap();
        fs::write(at("kept/file"), "stays").unwrap();
        let done = AtomicBool::new(false);
        let end = End(&done);
        std::thread::scope(|scope| {
            let _end = end;
            // What is being emptied lies in another folder from one moment to the next, also in one that has to stay.
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for (from, to) in [
                        ("tree/d/d/d/d", "kept/within/moved"),
                        ("kept/within/moved", "tree/d/d/back"),
                        ("tree/d/d/back", "tree/d/d/d/d"),
                    ] {
                        let _ = fs::rename(at(from), at(to));
                    }
                    let _ = symlinks(&at("tree/d/d/d/d"), &at("kept"));
                }
            });
            for open in [1, 2, 16].repeat(5) {
                dig(&at("made"), 60, |here, _| {
                    for name in ["a", "b", "c"] {
                        touch(here, name);
                    }
                });
                fs::rename(at("made"), at("tree")).unwrap();
                all(folder.path(), "/tree", Bounds { open, ..BOUNDS });
                let _ = fs::remove_dir_all(at("kept/within/moved"));
                let _ = fs::remove_file(at("kept/within/moved"));
                let _ = fs::remove_dir_all(at("tree"));
            }
        });
        assert_eq!(fs::read(at("kept/file")).unwrap(), b"stays");
        assert!(at("kept/within").is_dir());
    }

    /// Ends the other thread, also where this one fails.
    struct End<'a>(&'a AtomicBool);

    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn symlinks(at: &Path, to: &Path) -> std::io::Result<()> {
        symlink(to, at)?;
        fs::remove_file(at)
    }

    #[test]
    fn a_folder_that_has_moved_away_is_not_left_upwards() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("kept")).unwrap();
        fs::write(at("kept/file"), "stays").unwrap();
        dig(&at("tree"), 40, |_, _| {});
        let top = OwnedFd::from(File::open(folder.path()).unwrap());
        let mut moved = |depth| {
            if depth == 10 {
                fs::rename(at("tree/d/d"), at("kept/d")).unwrap();
            }
        };
        let bounds = Bounds { open: 1, ..BOUNDS };
        assert!(walk(&top, "tree".as_ref(), bounds, &mut moved).unwrap());
        assert_eq!(fs::read(at("kept/file")).unwrap(), b"stays");
        assert!(at("kept").is_dir());
    }
}
