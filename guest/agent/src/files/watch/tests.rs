use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::*;
use crate::status::Code;

/// What is told, until nothing is any more.
fn told(watch: &mut Watch, folder: &Path) -> Vec<String> {
    let root = Root::at(folder).unwrap();
    let mut all = Vec::new();
    loop {
        let changes = watch.take(&root, true).unwrap();
        if changes.is_empty() {
            return all;
        }
        for change in changes {
            let kind = ChangeKind::try_from(change.kind).unwrap().as_str_name();
            let kind = kind.strip_prefix("CHANGE_").unwrap().to_lowercase();
            let (path, from) = (text(&change.path), text(&change.from));
            all.push(format!("{kind} {from}{path}"));
        }
    }
}

fn text(path: &[u8]) -> String {
    let path = String::from_utf8(path.to_vec()).unwrap();
    path.strip_prefix('/')
        .map(|path| format!("{path} "))
        .unwrap_or_default()
}

fn watch(folder: &Path, path: &str, recursive: bool) -> Watch {
    Watch::open(&Root::at(folder).unwrap(), path, recursive).unwrap()
}

#[test]
fn what_is_made_changed_moved_and_removed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("w/sub")).unwrap();
    let mut changes = watch(folder.path(), "/w", false);
    fs::write(at("w/a"), "x").unwrap();
    assert_eq!(
        told(&mut changes, folder.path()),
        ["created w/a ", "modified w/a "]
    );
    fs::set_permissions(at("w/a"), PermissionsExt::from_mode(0o600)).unwrap();
    fs::rename(at("w/a"), at("w/b")).unwrap();
    fs::rename(at("w/b"), at("out")).unwrap();
    fs::rename(at("out"), at("w/c")).unwrap();
    fs::write(at("w/sub/unseen"), "").unwrap();
    fs::remove_file(at("w/c")).unwrap();
    assert_eq!(
        told(&mut changes, folder.path()),
        [
            "attributes w/a ",
            "renamed w/a w/b ",
            "removed w/b ",
            "created w/c ",
            "removed w/c "
        ]
    );
    fs::rename(at("w"), at("v")).unwrap();
    assert_eq!(told(&mut changes, folder.path()), ["removed w "]);
    assert!(changes.ended);
}

#[test]
fn folders_that_come_and_move_are_looked_at_too_and_nothing_in_them_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("w/old/deep")).unwrap();
    let mut changes = watch(folder.path(), "/w", true);
    fs::write(at("w/old/deep/f"), "").unwrap();
    assert_eq!(told(&mut changes, folder.path()), ["created w/old/deep/f "]);
    // These are made before anybody looks at their folders.
    fs::create_dir_all(at("w/new/below")).unwrap();
    fs::write(at("w/new/below/f"), "").unwrap();
    assert_eq!(
        told(&mut changes, folder.path()),
        [
            "created w/new ",
            "created w/new/below ",
            "created w/new/below/f "
        ]
    );
    fs::rename(at("w/new"), at("w/moved")).unwrap();
    fs::write(at("w/moved/below/g"), "").unwrap();
    assert_eq!(
        told(&mut changes, folder.path()),
        ["renamed w/new w/moved ", "created w/moved/below/g "]
    );
    fs::rename(at("w/moved"), at("away")).unwrap();
    assert_eq!(told(&mut changes, folder.path()), ["removed w/moved "]);
    fs::write(at("away/below/h"), "").unwrap();
    assert!(told(&mut changes, folder.path()).is_empty());
}

#[test]
fn a_link_leads_nowhere_out_of_the_root_and_nothing_is_no_path() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    symlink(outside.path(), inside.path().join("away")).unwrap();
    fs::create_dir(inside.path().join("w")).unwrap();
    symlink(outside.path(), inside.path().join("w/link")).unwrap();
    symlink("/w", inside.path().join("near")).unwrap();
    let root = Root::at(inside.path()).unwrap();
    for path in ["/away", "/none"] {
        let refused = Watch::open(&root, path, true).err().unwrap();
        assert_eq!(refused.code, Code::NotFound, "{path}");
    }
    let mut changes = watch(inside.path(), "/near", true);
    fs::write(outside.path().join("secret"), "").unwrap();
    fs::write(inside.path().join("w/f"), "").unwrap();
    assert_eq!(told(&mut changes, inside.path()), ["created near/f "]);
}

#[test]
fn more_than_is_held_is_told_to_be_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("w")).unwrap();
    let mut changes = watch(folder.path(), "/w", true);
    fs::create_dir(at("w/many")).unwrap();
    for number in 0..=MAX_HELD {
        fs::write(at(&format!("w/many/{number}")), "").unwrap();
    }
    let told = told(&mut changes, folder.path());
    assert!(told.len() <= MAX_HELD + 1, "{}", told.len());
    assert_eq!(told.last().unwrap(), "overflow ");
}

#[test]
fn what_was_listed_is_held_of_no_more_than_so_many() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("w")).unwrap();
    let mut changes = watch(folder.path(), "/w", true);
    let root = Root::at(folder.path()).unwrap();
    for name in ["one", "two", "three", "four"] {
        fs::create_dir(at(name)).unwrap();
        for number in 0..1500 {
            fs::write(at(name).join(number.to_string()), "").unwrap();
        }
        fs::rename(at(name), at("w").join(name)).unwrap();
    }
    // All of it in one go, as with a client that reads slowly.
    for event in changes.events().unwrap() {
        changes.tell(&root, event).unwrap();
    }
    assert!(changes.listed.len() <= MAX_HELD, "{}", changes.listed.len());
}
