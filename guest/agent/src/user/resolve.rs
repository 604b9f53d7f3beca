//! Finds a process's user, groups and HOME.

use std::collections::HashSet;

use super::database::Database;
use crate::files::root::Root;
use crate::proto::grpc::{Process, StringUser, User};
use crate::status::{Result, Status};

/// NGROUPS_MAX: no process can have more.
const MOST_GROUPS: usize = 65_536;

/// Puts numbers in the place of names. `string_user` and the process's own `Username` may be
/// `user`, `uid`, `user:group` or `uid:gid`; where both are given, `string_user` holds. HOME is
/// added to an environment that has none.
pub fn apply(process: &mut Process, string_user: Option<&StringUser>, root: &Root) -> Result<()> {
    let user = process.user.get_or_insert_default();
    let wanted = Wanted::new(user, string_user);
    let has_home = process.env.iter().any(|entry| entry.starts_with("HOME="));
    if !wanted.is_empty() || !has_home {
        let database = Database::read(root);
        wanted.resolve(user, &database)?;
        if !has_home {
            let home = database.account_of(user.uid).map(|account| account.home);
            let home = home.filter(|home| home.starts_with('/'));
            process.env.push(format!("HOME={}", home.unwrap_or("/")));
        }
        user.username.clear();
    }
    add_primary(user)
}

/// Among the other groups too: who has the primary one by that alone can give it up, and then has the
/// rights of all others on a file that gives its group fewer.
fn add_primary(user: &mut User) -> Result<()> {
    if !user.additional_gids.contains(&user.gid) {
        user.additional_gids.insert(0, user.gid);
    }
    match user.additional_gids.len() > MOST_GROUPS {
        true => Err(Status::invalid(format!(
            "user: more than {MOST_GROUPS} groups"
        ))),
        false => Ok(()),
    }
}

struct Wanted {
    user: String,
    group: String,
    additional: Vec<String>,
}

impl Wanted {
    fn new(user: &User, string_user: Option<&StringUser>) -> Wanted {
        let (name, group, additional) = match string_user {
            Some(string) if !string.uid.is_empty() || !string.gid.is_empty() => (
                &string.uid,
                string.gid.clone(),
                string.additional_gids.clone(),
            ),
            Some(string) => (
                &user.username,
                String::new(),
                string.additional_gids.clone(),
            ),
            None => (&user.username, String::new(), Vec::new()),
        };
        let (name, inner) = name.split_once(':').unwrap_or((name, ""));
        Wanted {
            user: name.to_owned(),
            group: if group.is_empty() {
                inner.to_owned()
            } else {
                group
            },
            additional,
        }
    }

    fn is_empty(&self) -> bool {
        self.user.is_empty() && self.group.is_empty() && self.additional.is_empty()
    }

    fn resolve(&self, user: &mut User, database: &Database) -> Result<()> {
        if !self.user.is_empty() {
            self.resolve_user(user, database)?;
        }
        if !self.group.is_empty() {
            user.gid = group(&self.group, database)?;
        }
        for name in &self.additional {
            let gid = group(name, database)?;
            if !user.additional_gids.contains(&gid) {
                user.additional_gids.push(gid);
            }
        }
        Ok(())
    }

    fn resolve_user(&self, user: &mut User, database: &Database) -> Result<()> {
        let number = number(&self.user);
        let account = match number {
            Some(uid) => database.account_of(uid),
            None => database.account(&self.user),
        };
        user.uid = match (number, &account) {
            (Some(uid), _) => uid,
            (None, Some(account)) => account.uid,
            (None, None) => {
                let message = format!("user {:?}: not in the container's /etc/passwd", self.user);
                return Err(Status::invalid(message));
            }
        };
        user.gid = account.as_ref().map_or(0, |account| account.gid);
        // A group given by the caller takes the place of those of /etc/group, as in docker.
        if let (Some(account), true) = (&account, self.group.is_empty()) {
            let mut known: HashSet<u32> = user.additional_gids.iter().copied().collect();
            for group in database.groups().filter(|group| group.has(account.name)) {
                if known.insert(group.gid) {
                    user.additional_gids.push(group.gid);
                }
                if known.len() > MOST_GROUPS {
                    let message =
                        format!("user {:?}: in more than {MOST_GROUPS} groups", self.user);
                    return Err(Status::invalid(message));
                }
            }
        }
        Ok(())
    }
}

fn group(name: &str, database: &Database) -> Result<u32> {
    if let Some(gid) = number(name) {
        return Ok(gid);
    }
    let group = database.group(name).map(|group| group.gid);
    group.ok_or_else(|| {
        Status::invalid(format!("group {name:?}: not in the container's /etc/group"))
    })
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Code;
    use std::fs;

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let etc = root.path().join("etc");
        fs::create_dir(&etc).unwrap();
        let passwd = "root:x:0:0::/root:\nweb:x:33:34::/srv/web:\n";
        fs::write(etc.join("passwd"), passwd).unwrap();
        fs::write(etc.join("group"), "www:x:34:\nlog:x:50:web,root\n").unwrap();
        root
    }

    fn resolve(username: &str, string: Option<StringUser>) -> Result<(u32, u32, Vec<u32>, String)> {
        let mut process = Process {
            user: Some(User {
                username: username.to_owned(),
                uid: 5,
                gid: 6,
                ..User::default()
            }),
            ..Process::default()
        };
        apply(&mut process, string.as_ref(), &Root::at(root().path())?)?;
        let user = process.user.unwrap();
        Ok((
            user.uid,
            user.gid,
            user.additional_gids,
            process.env[0].clone(),
        ))
    }

    #[test]
    fn names_numbers_and_pairs() {
        let home = |home: &str| format!("HOME={home}");
        let cases = [
            ("", (5, 6, vec![6], home("/"))),
            ("web", (33, 34, vec![34, 50], home("/srv/web"))),
            ("33", (33, 34, vec![34, 50], home("/srv/web"))),
            ("1000", (1000, 0, vec![0], home("/"))),
            ("web:log", (33, 50, vec![50], home("/srv/web"))),
            ("1000:1001", (1000, 1001, vec![1001], home("/"))),
        ];
        for (name, expected) in cases {
            assert_eq!(resolve(name, None).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn string_user_holds_against_username() {
        let string = StringUser {
            uid: "web".to_owned(),
            gid: "root_is_no_group".to_owned(),
            additional_gids: vec![],
        };
        let status = resolve("root", Some(string.clone())).unwrap_err();
        assert_eq!(status.code, Code::InvalidArgument);
        assert!(status.message.contains("\"root_is_no_group\""));
        let string = StringUser {
            gid: "log".to_owned(),
            additional_gids: vec!["www".to_owned(), "7".to_owned()],
            ..string
        };
        let (uid, gid, more, _) = resolve("root", Some(string)).unwrap();
        assert_eq!((uid, gid, more), (33, 50, vec![50, 34, 7]));
    }

    #[test]
    fn unknown_names_are_told() {
        let status = resolve("nobody", None).unwrap_err();
        assert_eq!(status.code, Code::InvalidArgument);
        assert!(status.message.contains("\"nobody\""));
        assert!(resolve("4294967296", None).is_err());
    }

    #[test]
    fn no_more_groups_than_a_process_can_have() {
        let root = root();
        let lines = (0..=MOST_GROUPS).map(|gid| format!("g:x:{gid}:web\n"));
        fs::write(root.path().join("etc/group"), lines.collect::<String>()).unwrap();
        let mut process = Process {
            user: Some(User {
                username: "web".to_owned(),
                ..User::default()
            }),
            ..Process::default()
        };
        let status = apply(&mut process, None, &Root::at(root.path()).unwrap()).unwrap_err();
        assert_eq!(status.code, Code::InvalidArgument);
    }

    #[test]
    fn a_home_that_is_there_stays() {
        let mut process = Process {
            env: vec!["HOME=/x".to_owned()],
            ..Process::default()
        };
        let root = tempfile::tempdir().unwrap();
        apply(&mut process, None, &Root::at(root.path()).unwrap()).unwrap();
        assert_eq!(process.env, ["HOME=/x"]);
    }
}
