//! Changes of a container's files, as the kernel tells them.

mod tree;

#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::inotify::{ReadFlags, Reader};
use rustix::io::Errno;

use super::refusal::refusal;
use super::root::Root;
use crate::proto::virtcontainers::{ChangeKind, FileChange};
use crate::status::{Context, Result};
use tree::{Tree, join};

/// Changes in one answer.
const MAX_CHANGES: usize = 256;
/// Changes that are held; the kernel's own queue has a limit too.
const MAX_HELD: usize = 4096;

pub struct Watch {
    tree: Tree,
    held: VecDeque<FileChange>,
    /// Told of by a listing; that they were made may be told once more by the kernel.
    listed: HashSet<Vec<u8>>,
    /// What was moved away, unless it is told next where to.
    moved: Option<(u32, Vec<u8>, bool)>,
    pub ended: bool,
}

struct Event {
    folder: i32,
    flags: ReadFlags,
    cookie: u32,
    name: Option<Vec<u8>>,
}

impl Watch {
    pub fn open(root: &Root, path: &str, recursive: bool) -> Result<Watch> {
        let failed = |error| refusal(path, error);
        let tree = Tree::new(root, path.as_bytes(), recursive).map_err(failed)?;
        let mut watch = Watch {
            tree,
            held: VecDeque::new(),
            listed: HashSet::new(),
            moved: None,
            ended: false,
        };
        watch.look_at_all(root).map_err(failed)?;
        Ok(watch)
    }

    /// For who waits until there is something.
    pub fn readable(&self) -> Result<OwnedFd> {
        self.tree.inotify.try_clone().context(|| "watch")
    }

    /// Something was moved, perhaps away: it is soon told where to, if at all.
    pub fn expects(&self) -> bool {
        self.moved.is_some()
    }

    /// What has changed, none if nothing has; with `last` no more is waited for where something was moved to.
    pub fn take(&mut self, root: &Root, last: bool) -> Result<Vec<FileChange>> {
        while self.held.len() < MAX_CHANGES && !self.ended {
            let events = self.events().context(|| "watch")?;
            if events.is_empty() {
                self.listed.clear();
                break;
            }
            for event in events {
                self.tell(root, event).context(|| "watch")?;
            }
        }
        if last || self.ended {
            self.moved_away();
        }
        let count = self.held.len().min(MAX_CHANGES);
        Ok(self.held.drain(..count).collect())
    }

    fn events(&self) -> rustix::io::Result<Vec<Event>> {
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut reader = Reader::new(&self.tree.inotify, &mut buffer);
        let mut events = Vec::new();
        loop {
            match reader.next() {
                Err(Errno::AGAIN) => return Ok(events),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
                Ok(event) => events.push(Event {
                    folder: event.wd(),
                    flags: event.events(),
                    cookie: event.cookie(),
                    name: event.file_name().map(|name| name.to_bytes().to_vec()),
                }),
            }
            if reader.is_buffer_empty() {
                return Ok(events);
            }
        }
    }

    fn tell(&mut self, root: &Root, event: Event) -> rustix::io::Result<()> {
        let Event { folder, flags, .. } = event;
        let follows = flags.contains(ReadFlags::MOVED_TO)
            && self
                .moved
                .as_ref()
                .is_some_and(|(cookie, ..)| *cookie == event.cookie);
        if !follows {
            self.moved_away();
        }
        if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            self.lost();
            return self.look_at_all(root);
        }
        if flags.contains(ReadFlags::IGNORED) {
            self.tree.drop_number(folder);
            self.ended |= folder == self.tree.top;
            return Ok(());
        }
        let Some(path) = self.tree.path(folder).cloned() else {
            return Ok(());
        };
        match event.name {
            None if folder == self.tree.top => self.of_top(flags, path),
            // Its folder tells of it.
            None => {}
            Some(name) => self.of_entry(root, flags, event.cookie, join(&path, &name))?,
        }
        Ok(())
    }

    fn of_top(&mut self, flags: ReadFlags, path: Vec<u8>) {
        let folder = flags.contains(ReadFlags::ISDIR);
        if flags.intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF) {
            self.push(ChangeKind::ChangeRemoved, path, folder);
            self.ended = true;
        } else if flags.contains(ReadFlags::MODIFY) {
            self.push(ChangeKind::ChangeModified, path, folder);
        } else if flags.contains(ReadFlags::ATTRIB) {
            self.push(ChangeKind::ChangeAttributes, path, folder);
        }
    }

    fn of_entry(
        &mut self,
        root: &Root,
        flags: ReadFlags,
        cookie: u32,
        path: Vec<u8>,
    ) -> rustix::io::Result<()> {
        let folder = flags.contains(ReadFlags::ISDIR);
        if flags.contains(ReadFlags::MOVED_TO)
            && let Some((_, from, _)) = self.moved.take_if(|(known, ..)| *known == cookie)
        {
            if folder {
                self.tree.renamed(&from, &path);
            }
            self.hold(FileChange {
                kind: ChangeKind::ChangeRenamed.into(),
                path: path.into(),
                from: from.into(),
                folder,
            });
            return Ok(());
        }
        if flags.contains(ReadFlags::MOVED_FROM) {
            self.listed.remove(&path);
            self.moved = Some((cookie, path, folder));
        } else if flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
            if self.listed.remove(&path) {
                return Ok(());
            }
            self.push(ChangeKind::ChangeCreated, path.clone(), folder);
            if folder {
                return self.enter(root, &path, true);
            }
        } else if flags.contains(ReadFlags::DELETE) {
            self.listed.remove(&path);
            self.push(ChangeKind::ChangeRemoved, path, folder);
        } else if flags.contains(ReadFlags::MODIFY) {
            self.push(ChangeKind::ChangeModified, path, folder);
        } else if flags.contains(ReadFlags::ATTRIB) {
            self.push(ChangeKind::ChangeAttributes, path, folder);
        }
        Ok(())
    }

    fn look_at_all(&mut self, root: &Root) -> rustix::io::Result<()> {
        let top = self.tree.top;
        match self.tree.path(top).cloned() {
            Some(path) => self.enter(root, &path, false),
            None => Ok(()),
        }
    }

    fn enter(&mut self, root: &Root, path: &[u8], tell: bool) -> rustix::io::Result<()> {
        let mut found = Vec::new();
        let mut all = true;
        let mut add = |path: Vec<u8>, folder| match found.len() < MAX_HELD {
            true if tell => found.push((path, folder)),
            true => {}
            false => all = false,
        };
        all &= self.tree.enter(root, path, &mut add)?;
        if self.listed.len() + found.len() > MAX_HELD {
            // Then some may be told of twice.
            self.listed.clear();
        }
        for (path, folder) in found {
            if self.listed.insert(path.clone()) {
                self.push(ChangeKind::ChangeCreated, path, folder);
            }
        }
        if !all {
            self.lost();
        }
        Ok(())
    }

    fn moved_away(&mut self) {
        if let Some((_, path, folder)) = self.moved.take() {
            self.tree.left(&path);
            self.push(ChangeKind::ChangeRemoved, path, folder);
        }
    }

    fn lost(&mut self) {
        self.push(ChangeKind::ChangeOverflow, Vec::new(), false);
    }

    fn push(&mut self, kind: ChangeKind, path: Vec<u8>, folder: bool) {
        self.hold(FileChange {
            kind: kind.into(),
            path: path.into(),
            folder,
            ..FileChange::default()
        });
    }

    fn hold(&mut self, change: FileChange) {
        let lost = i32::from(ChangeKind::ChangeOverflow);
        // What is told last already need not be told again.
        if self.held.back() == Some(&change) {
            return;
        }
        match self.held.len() {
            MAX_HELD.. if self.held.back().is_some_and(|last| last.kind == lost) => {}
            MAX_HELD.. => self.held.push_back(FileChange {
                kind: lost,
                ..FileChange::default()
            }),
            _ => self.held.push_back(change),
        }
    }
}
