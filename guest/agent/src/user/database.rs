//! /etc/passwd and /etc/group of a root file system that is not to be trusted.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};

/// More than this of a file is not read.
const LIMIT: u64 = 4 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub gid: u32,
    pub members: Vec<String>,
}

#[derive(Default)]
pub struct Database {
    pub accounts: Vec<Account>,
    pub groups: Vec<Group>,
}

impl Database {
    /// Reads what there is; a file that is missing or not a regular one counts as empty.
    pub fn read(root: &Path) -> Database {
        Database {
            accounts: accounts(&read_inside(root, "etc/passwd", LIMIT).unwrap_or_default()),
            groups: groups(&read_inside(root, "etc/group", LIMIT).unwrap_or_default()),
        }
    }

    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    pub fn account_of(&self, uid: u32) -> Option<&Account> {
        self.accounts.iter().find(|account| account.uid == uid)
    }

    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }
}

/// Reads a regular file below `root`, or its first bytes, as a process inside would: its symlinks end
/// inside.
pub fn read_inside(root: &Path, path: &str, limit: u64) -> rustix::io::Result<String> {
    let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::openat(CWD, root, folder, Mode::empty())?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let file = rustix::fs::openat2(&root, path, flags, Mode::empty(), inside)?;
    let stat = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(rustix::io::Errno::INVAL);
    }
    let mut bytes = Vec::new();
    File::from(file)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|_| rustix::io::Errno::IO)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn accounts(text: &str) -> Vec<Account> {
    let parse = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let mut fields = fields.skip(1);
        Some(Account {
            name,
            uid: fields.next()?.parse().ok()?,
            gid: fields.next()?.parse().ok()?,
            home: fields.nth(1).unwrap_or_default().to_owned(),
        })
    };
    text.lines().filter_map(parse).collect()
}

fn groups(text: &str) -> Vec<Group> {
    let parse = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let gid = fields.nth(1)?.parse().ok()?;
        let members = fields.next().unwrap_or_default().split(',');
        let members = members.filter(|member| !member.is_empty());
        Some(Group {
            name,
            gid,
            members: members.map(str::to_owned).collect(),
        })
    };
    text.lines().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn parses_what_is_well_formed() {
        let text = "root:x:0:0:root:/root:/bin/sh\nbroken\nbad:x:a:b:::\nweb:x:33:33::/srv:\n";
        let accounts = accounts(text);
        assert_eq!(accounts.len(), 2);
        assert_eq!((accounts[1].uid, accounts[1].home.as_str()), (33, "/srv"));
        let groups = groups("wheel:x:10:root,web\nempty:x:11:\nbroken\n");
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].members, ["root", "web"]);
        assert!(groups[1].members.is_empty());
    }

    #[test]
    fn links_do_not_lead_out_of_the_root() {
        let root = tempfile::tempdir().unwrap();
        let etc = root.path().join("etc");
        fs::create_dir(&etc).unwrap();
        fs::write(root.path().join("inner"), "in:x:7:7::/in:\n").unwrap();
        symlink("/inner", etc.join("passwd")).unwrap();
        symlink("../../../../../etc/group", etc.join("group")).unwrap();
        let database = Database::read(root.path());
        assert_eq!(database.account("in").unwrap().uid, 7);
        assert!(database.groups.is_empty());
    }

    #[test]
    fn a_fifo_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        let fifo = root.path().join("etc/passwd");
        rustix::fs::mkfifoat(CWD, fifo, Mode::RWXU).unwrap();
        assert!(Database::read(root.path()).accounts.is_empty());
    }
}
