//! The folders that a watch looks at, by the numbers that the kernel tells changes with.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::fs::{AtFlags, Dir, FileType, OFlags};
use rustix::io::{Errno, Result};

use crate::files::root::Root;

const FLAGS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);

/// What is known of the folders of one watch; the container decides how many there are.
const MAX_FOLDERS: usize = 8192;
const MAX_BYTES: usize = 1 << 20;

pub struct Tree {
    pub inotify: OwnedFd,
    pub top: i32,
    recursive: bool,
    paths: HashMap<i32, Vec<u8>>,
    bytes: usize,
}

impl Tree {
    pub fn new(root: &Root, path: &[u8], recursive: bool) -> Result<Tree> {
        let mut tree = Tree {
            inotify: inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?,
            top: -1,
            recursive,
            paths: HashMap::new(),
            bytes: 0,
        };
        tree.top = tree.add(root, path, OFlags::PATH)?;
        Ok(tree)
    }

    pub fn path(&self, folder: i32) -> Option<&Vec<u8>> {
        self.paths.get(&folder)
    }

    pub fn drop_number(&mut self, folder: i32) {
        if let Some(path) = self.paths.remove(&folder) {
            self.bytes -= path.len();
        }
    }

    fn add(&mut self, root: &Root, path: &[u8], flags: OFlags) -> Result<i32> {
        if self.paths.len() >= MAX_FOLDERS || self.bytes + path.len() > MAX_BYTES {
            return Err(Errno::NOSPC);
        }
        let found = root.open(OsStr::from_bytes(path), flags)?;
        let name = format!("/proc/self/fd/{}", found.as_raw_fd());
        let number = inotify::add_watch(&self.inotify, name, FLAGS)?;
        self.drop_number(number);
        self.bytes += path.len();
        self.paths.insert(number, path.to_vec());
        Ok(number)
    }

    /// Looks at a folder, and at those below it, from now on, and tells what is in them. False if there are more
    /// than can be looked at.
    pub fn enter(
        &mut self,
        root: &Root,
        path: &[u8],
        found: &mut dyn FnMut(Vec<u8>, bool),
    ) -> Result<bool> {
        if !self.recursive {
            return Ok(true);
        }
        let mut left = vec![path.to_vec()];
        while let Some(path) = left.pop() {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
            // First it is looked at, and then listed: so nothing comes in between.
            let added = self
                .add(root, &path, flags | OFlags::PATH)
                .and_then(|_| root.open(OsStr::from_bytes(&path), flags | OFlags::RDONLY));
            let folder = match added {
                Ok(folder) => folder,
                Err(Errno::NOSPC | Errno::NAMETOOLONG | Errno::MFILE) => return Ok(false),
                // It is gone, or something else by now.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
                Err(error) => return Err(error),
            };
            for entry in Dir::read_from(&folder)? {
                let entry = entry?;
                let name = entry.file_name();
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                let kind = match entry.file_type() {
                    FileType::Unknown => {
                        let flags = AtFlags::SYMLINK_NOFOLLOW;
                        rustix::fs::statat(&folder, name, flags).map_or(FileType::Unknown, |stat| {
                            FileType::from_raw_mode(stat.st_mode)
                        })
                    }
                    kind => kind,
                };
                let is_folder = kind == FileType::Directory;
                let below = join(&path, name.to_bytes());
                if is_folder {
                    if left.len() >= MAX_FOLDERS {
                        return Ok(false);
                    }
                    left.push(below.clone());
                }
                found(below, is_folder);
            }
        }
        Ok(true)
    }

    pub fn renamed(&mut self, from: &[u8], to: &[u8]) {
        let moved = self.below(from);
        for number in moved {
            if let Some(path) = self.paths.get_mut(&number) {
                let rest = path.split_off(from.len());
                self.bytes += to.len();
                self.bytes -= from.len();
                *path = [to, rest.as_slice()].concat();
            }
        }
    }

    pub fn left(&mut self, from: &[u8]) {
        for number in self.below(from) {
            self.drop_number(number);
            // It may be gone by itself.
            let _ = inotify::remove_watch(&self.inotify, number);
        }
    }

    fn below(&self, path: &[u8]) -> Vec<i32> {
        let is_below = |other: &Vec<u8>| {
            let rest = other.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        };
        let numbers = self.paths.iter().filter(|(_, other)| is_below(other));
        numbers.map(|(number, _)| *number).collect()
    }
}

pub fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    [folder, b"/", name].concat()
}
