//! /etc/passwd and /etc/group of a root file system that is not to be trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;

use rustix::fs::{FileType, OFlags};

use crate::files::root::Root;

/// More than this of a file is not read.
const LIMIT: u64 = 4 << 20;

/// What has a longer name counts as malformed; so has no answer room for a name of megabytes.
const LONGEST_NAME: usize = 256;

pub struct Account<'a> {
    pub name: &'a str,
    pub uid: u32,
    pub gid: u32,
    pub home: &'a str,
}

pub struct Group<'a> {
    pub name: &'a str,
    pub gid: u32,
    members: &'a str,
}

impl Group<'_> {
    pub fn has(&self, account: &str) -> bool {
        !account.is_empty() && self.members.split(',').any(|member| member == account)
    }
}

/// The files as they are: made into lists, they would take many times the memory.
#[derive(Default)]
pub struct Database {
    passwd: String,
    group: String,
}

impl Database {
    /// Reads what there is; a file that is missing or not a regular one counts as empty.
    pub fn read(root: &Root) -> Database {
        Database {
            passwd: read_inside(root, "etc/passwd", LIMIT).unwrap_or_default(),
            group: read_inside(root, "etc/group", LIMIT).unwrap_or_default(),
        }
    }

    pub fn account(&self, name: &str) -> Option<Account<'_>> {
        accounts(&self.passwd).find(|account| account.name == name)
    }

    pub fn account_of(&self, uid: u32) -> Option<Account<'_>> {
        accounts(&self.passwd).find(|account| account.uid == uid)
    }

    /// The names of many accounts, by one look through the file.
    pub fn names(&self, uids: &BTreeSet<u32>) -> BTreeMap<u32, String> {
        let mut names = BTreeMap::new();
        for account in accounts(&self.passwd).filter(|account| uids.contains(&account.uid)) {
            let name = names.entry(account.uid);
            name.or_insert_with(|| account.name.to_owned());
        }
        names
    }

    pub fn group(&self, name: &str) -> Option<Group<'_>> {
        self.groups().find(|group| group.name == name)
    }

    pub fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        groups(&self.group)
    }
}

/// Reads a regular file of a container, or its first bytes.
pub fn read_inside(root: &Root, path: &str, limit: u64) -> rustix::io::Result<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = root.open(OsStr::new(path), flags)?;
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

fn accounts(text: &str) -> impl Iterator<Item = Account<'_>> {
    let parse = |line| {
        let (name, mut fields) = named(line)?;
        Some(Account {
            name,
            uid: fields.next()?.parse().ok()?,
            gid: fields.next()?.parse().ok()?,
            home: fields.nth(1).unwrap_or_default(),
        })
    };
    text.lines().filter_map(parse)
}

fn groups(text: &str) -> impl Iterator<Item = Group<'_>> {
    let parse = |line| {
        let (name, mut fields) = named(line)?;
        Some(Group {
            name,
            gid: fields.next()?.parse().ok()?,
            members: fields.next().unwrap_or_default(),
        })
    };
    text.lines().filter_map(parse)
}

/// The name of a line, and the fields behind its password.
fn named(line: &str) -> Option<(&str, impl Iterator<Item = &str>)> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| name.len() <= LONGEST_NAME)?;
    Some((name, fields.skip(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, Mode};
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn parses_what_is_well_formed() {
        let text = "root:x:0:0:root:/root:/bin/sh\nbroken\nbad:x:a:b:::\nweb:x:33:33::/srv:\n";
        let accounts: Vec<Account> = accounts(text).collect();
        assert_eq!(accounts.len(), 2);
        assert_eq!((accounts[1].uid, accounts[1].home), (33, "/srv"));
        let text = "wheel:x:10:root,web\nempty:x:11:\nbroken\n";
        let groups: Vec<Group> = groups(text).collect();
        assert_eq!(groups.len(), 2);
        assert!(groups[0].has("root") && groups[0].has("web"));
        assert!(!groups[0].has("we") && !groups[1].has(""));
    }

    #[test]
    fn names_are_the_first_of_each_and_never_long() {
        let long = "x".repeat(LONGEST_NAME + 1);
        let database = Database {
            passwd: format!("{long}:x:0:0::/:\nweb:x:33:33::/:\nwww:x:33:33::/:\nno:x:1:1::/:\n"),
            group: format!("{long}:x:7:\n"),
        };
        let names = database.names(&BTreeSet::from([0, 33, 40]));
        assert_eq!(names, BTreeMap::from([(33, "web".to_owned())]));
        assert!(database.account_of(0).is_none() && database.group(&long).is_none());
    }

    #[test]
    fn links_do_not_lead_out_of_the_root() {
        let root = tempfile::tempdir().unwrap();
        let etc = root.path().join("etc");
        fs::create_dir(&etc).unwrap();
        fs::write(root.path().join("inner"), "in:x:7:7::/in:\n").unwrap();
        symlink("/inner", etc.join("passwd")).unwrap();
        symlink("../../../../../etc/group", etc.join("group")).unwrap();
        let database = Database::read(&Root::at(root.path()).unwrap());
        assert_eq!(database.account("in").unwrap().uid, 7);
        assert!(database.groups().next().is_none());
    }

    #[test]
    fn a_fifo_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        let fifo = root.path().join("etc/passwd");
        rustix::fs::mkfifoat(CWD, fifo, Mode::RWXU).unwrap();
        assert!(
            Database::read(&Root::at(root.path()).unwrap())
                .passwd
                .is_empty()
        );
    }
}
