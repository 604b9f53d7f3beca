//! Takes away all that is in a folder, however much that is and however deep it lies.
//!
//! What is held meanwhile has limits: names are taken away as they are read, only the innermost folders are
//! open, and what folders further up were is known of so many. The way up is `..`, whose folder must be the one
//! that the way down has led through: where it is not, since somebody has moved something, or not known any more,
//! the walk begins again at the top. No link is followed, and nothing that is mounted is gone into.

use std::collections::VecDeque;
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// What of a walk is held.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// Folders that are open.
    pub open: usize,
    /// Folders that are known.
    pub known: usize,
    /// After so long it is asked again; where nothing was taken away until then, four times that.
    pub time: Duration,
}

pub const BOUNDS: Bounds = Bounds {
    open: 16,
    known: 16_384,
    time: Duration::from_secs(2),
};

/// False if the time was over before the folder was empty.
pub fn empty(folder: &OwnedFd, name: &OsStr, bounds: Bounds) -> rustix::io::Result<bool> {
    walk(folder, name, bounds, &mut |_| {})
}

/// Tells how deep it is at each folder that it goes into.
pub(super) fn walk(
    folder: &OwnedFd,
    name: &OsStr,
    bounds: Bounds,
    went: &mut dyn FnMut(usize),
) -> rustix::io::Result<bool> {
    let mut walk = Walk {
        went,
        bounds,
        began: Instant::now(),
        removed: 0,
    };
    loop {
        match walk.once(folder, name)? {
            End::Empty => return Ok(true),
            End::Late => return Ok(false),
            End::Lost => {}
        }
    }
}

enum End {
    Empty,
    Late,
    /// It has to begin again.
    Lost,
}

/// Which folder it is, as long as somebody has it or one below it open.
type Identity = (u64, u64);

struct Level {
    identity: Identity,
    reading: Option<Reading>,
}

struct Reading {
    folder: Dir,
    /// Whether something was there since its beginning.
    seen: bool,
    /// The one in it that is being emptied.
    inside: Option<CString>,
}

struct Walk<'a> {
    went: &'a mut dyn FnMut(usize),
    bounds: Bounds,
    began: Instant,
    removed: usize,
}

impl Walk<'_> {
    fn once(&mut self, folder: &OwnedFd, name: &OsStr) -> rustix::io::Result<End> {
        let mut levels = VecDeque::from([Level::new(down(folder, name.as_bytes())?)?]);
        let mut forgotten = false;
        loop {
            if self.late() {
                return Ok(End::Late);
            }
            let below = match levels.back_mut().and_then(|level| level.reading.as_mut()) {
                None => return Ok(End::Lost),
                Some(reading) => self.next(reading)?,
            };
            match below {
                Next::Again => {}
                Next::Down(below) => {
                    levels.push_back(Level::new(below)?);
                    (self.went)(levels.len());
                    forgotten |= self.forget(&mut levels);
                }
                Next::Up => {
                    let left = levels.pop_back().and_then(|level| level.reading);
                    match (left, levels.back_mut()) {
                        (_, None) if forgotten => return Ok(End::Lost),
                        (_, None) => return Ok(End::Empty),
                        (None, Some(_)) => return Ok(End::Lost),
                        (Some(left), Some(above)) => {
                            if !self.up(&left, above)? {
                                return Ok(End::Lost);
                            }
                        }
                    }
                }
            }
        }
    }

    fn late(&self) -> bool {
        let slow = if self.removed == 0 { 4 } else { 1 };
        self.began.elapsed() >= self.bounds.time * slow
    }

    /// Closes what is too far up, and tells whether something is not known any more.
    fn forget(&self, levels: &mut VecDeque<Level>) -> bool {
        let closed = levels.len().checked_sub(self.bounds.open + 1);
        if let Some(level) = closed.and_then(|at| levels.get_mut(at)) {
            level.reading = None;
        }
        levels.len() > self.bounds.known && levels.pop_front().is_some()
    }

    /// Takes away the next thing in a folder.
    fn next(&mut self, reading: &mut Reading) -> rustix::io::Result<Next> {
        let Some(entry) = reading.folder.read() else {
            if !reading.seen {
                return Ok(Next::Up);
            }
            reading.seen = false;
            reading.folder.rewind();
            return Ok(Next::Again);
        };
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            return Ok(Next::Again);
        }
        reading.seen = true;
        let folder = reading.folder.fd()?;
        let mut refused = None;
        if entry.file_type() != FileType::Directory {
            match self.unlink(folder, name, AtFlags::empty()) {
                // It is a folder now, or not told what it is.
                Err(error @ (Errno::ISDIR | Errno::PERM)) => refused = Some(error),
                result => return result.map(|()| Next::Again),
            }
        }
        match (self.unlink(folder, name, AtFlags::REMOVEDIR), refused) {
            (Ok(()), _) => return Ok(Next::Again),
            (Err(Errno::NOTEMPTY | Errno::EXIST), _) => {}
            (Err(Errno::NOTDIR), Some(Errno::PERM)) => return Err(Errno::PERM),
            // It is no folder any more: it is found at the next reading.
            (Err(Errno::NOTDIR), _) => return Ok(Next::Again),
            (Err(error), _) => return Err(error),
        }
        match down(folder, name.to_bytes()) {
            Ok(below) => {
                reading.inside = Some(name.to_owned());
                Ok(Next::Down(below))
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(Next::Again),
            Err(error) => Err(error),
        }
    }

    /// False if the way is lost.
    fn up(&mut self, left: &Reading, above: &mut Level) -> rustix::io::Result<bool> {
        if above.reading.is_none() {
            let flags = FLAGS | OFlags::NOFOLLOW;
            let folder = match rustix::fs::openat(left.folder.fd()?, c"..", flags, Mode::empty()) {
                Err(Errno::NOENT) => return Ok(false),
                result => result?,
            };
            let level = Level::new(folder)?;
            if level.identity != above.identity {
                return Ok(false);
            }
            above.reading = level.reading;
        }
        let Some(reading) = above.reading.as_mut() else {
            return Ok(false);
        };
        if let Some(name) = reading.inside.take() {
            match self.unlink(reading.folder.fd()?, &name, AtFlags::REMOVEDIR) {
                // Somebody has put something in it, or another in its place.
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
                result => result?,
            }
        }
        Ok(true)
    }

    /// What is gone already is gone.
    fn unlink(&mut self, folder: impl AsFd, name: &CStr, flags: AtFlags) -> rustix::io::Result<()> {
        match rustix::fs::unlinkat(folder, name, flags) {
            Err(Errno::NOENT) => Ok(()),
            result => {
                self.removed += usize::from(result.is_ok());
                result
            }
        }
    }
}

enum Next {
    Again,
    Down(OwnedFd),
    Up,
}

impl Level {
    fn new(folder: OwnedFd) -> rustix::io::Result<Level> {
        let stat = rustix::fs::fstat(&folder)?;
        Ok(Level {
            identity: (stat.st_dev, stat.st_ino),
            reading: Some(Reading {
                folder: Dir::new(folder)?,
                seen: false,
                inside: None,
            }),
        })
    }
}

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// A folder in another one. BUSY for what is mounted there.
fn down(folder: impl AsFd, name: &[u8]) -> rustix::io::Result<OwnedFd> {
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    match rustix::fs::openat2(folder, name, FLAGS, Mode::empty(), resolve) {
        Err(Errno::XDEV) => Err(Errno::BUSY),
        result => result,
    }
}
