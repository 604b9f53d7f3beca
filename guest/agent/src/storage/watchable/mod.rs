//! The watchable-bind driver: a small folder or file of the host that changes while a container uses
//! it, such as a ConfigMap. A shared file system tells the guest of no changes; so the container gets
//! a copy, which is brought up to date every two seconds and in which inotify works. What is more than
//! small is bound as it is, without that.

pub mod copy;
pub mod scan;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::mount::MountFlags;
use tokio::sync::oneshot;

use super::options::{self, Options};
use super::{Undo, mount};
use crate::proto::grpc::Storage;
use crate::status::{Context, Result};
use scan::Tree;

/// The copy's name in a folder of its own.
const COPY: &str = "copy";
const PERIOD: Duration = Duration::from_secs(2);

/// A copy that is to follow its source.
pub struct Watch {
    source: PathBuf,
    folder: PathBuf,
    tree: Tree,
    stop: oneshot::Receiver<()>,
}

impl Watch {
    /// Must be called inside the runtime.
    pub fn start(self) {
        tokio::task::spawn_local(watch(self.source, self.folder, self.tree, self.stop));
    }
}

/// Gives what is to be watched, unless it is too large; the copy is kept in `folder`.
pub fn mount(folder: &Path, storage: &Storage, undo: &mut Vec<Undo>) -> Result<Option<Watch>> {
    let source = PathBuf::from(&storage.source);
    let point = Path::new(&storage.mount_point);
    let mut options: Options = options::parse(&storage.options);
    options.flags |= MountFlags::BIND;
    let what = || format!("watch {}", source.display());
    let Some(tree) = scan::tree(&source).context(what)? else {
        crate::warning!("{} is too large to be watched", source.display());
        mount::mount(&storage.source, point, "bind", &options, undo)?;
        return Ok(None);
    };
    let folder = folder.to_owned();
    std::fs::create_dir_all(&folder).context(what)?;
    undo.push(Undo::RemoveTree(folder.clone()));
    copy::update(&source, &folder, COPY, &Tree::default(), &tree).context(what)?;
    // What a container writes here would be lost at the next change.
    options.flags |= MountFlags::RDONLY;
    let copy = folder.join(COPY).display().to_string();
    mount::mount(&copy, point, "bind", &options, undo)?;
    let (alive, stop) = oneshot::channel();
    undo.push(Undo::Stop(alive));
    Ok(Some(Watch {
        source,
        folder,
        tree,
        stop,
    }))
}

async fn watch(source: PathBuf, folder: PathBuf, mut known: Tree, mut stop: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            _ = &mut stop => return,
        }
        let (from, to) = (source.clone(), folder.clone());
        // The file system of the host may not answer.
        let work = tokio::task::spawn_blocking(move || {
            let result = refresh(&from, &to, &known);
            (known, result)
        });
        let work = tokio::select! {
            work = work => work,
            _ = &mut stop => return,
        };
        let Ok((before, result)) = work else { return };
        known = match result {
            Ok(Some(now)) => now,
            Ok(None) => {
                crate::warning!("{} has become too large to be watched", source.display());
                return;
            }
            Err(error) => {
                crate::debug!("watch {}: {error}", source.display());
                before
            }
        };
    }
}

/// Brings the copy up to date; none if the source has become too large.
fn refresh(source: &Path, folder: &Path, known: &Tree) -> std::io::Result<Option<Tree>> {
    let Some(now) = scan::tree(source)? else {
        return Ok(None);
    };
    if now != *known {
        copy::update(source, folder, COPY, known, &now)?;
    }
    Ok(Some(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A folder as Kubernetes keeps a ConfigMap: files behind a link that is replaced as a whole.
    fn publish(folder: &Path, version: &str, text: &str) {
        fs::create_dir(folder.join(version)).unwrap();
        fs::write(folder.join(version).join("key"), text).unwrap();
        symlink(version, folder.join("..tmp")).unwrap();
        fs::rename(folder.join("..tmp"), folder.join("..data")).unwrap();
    }

    #[test]
    fn the_copy_follows_what_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (source, holder) = (folder.path().join("s"), folder.path().join("t"));
        fs::create_dir(&source).unwrap();
        fs::create_dir(&holder).unwrap();
        let target = holder.join(COPY);
        publish(&source, "v1", "one");
        symlink("..data/key", source.join("key")).unwrap();
        let first = refresh(&source, &holder, &Tree::default())
            .unwrap()
            .unwrap();
        assert_eq!(fs::read_to_string(target.join("key")).unwrap(), "one");
        assert_eq!(refresh(&source, &holder, &first).unwrap().unwrap(), first);
        publish(&source, "v2", "two");
        fs::remove_dir_all(source.join("v1")).unwrap();
        let second = refresh(&source, &holder, &first).unwrap().unwrap();
        assert_eq!(fs::read_to_string(target.join("key")).unwrap(), "two");
        assert!(!target.join("v1").exists());
        fs::write(source.join("v2/key"), "three").unwrap();
        refresh(&source, &holder, &second).unwrap().unwrap();
        assert_eq!(fs::read_to_string(target.join("key")).unwrap(), "three");
    }

    #[test]
    fn a_single_file_is_followed_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let (source, holder) = (folder.path().join("s"), folder.path().join("t"));
        fs::create_dir(&holder).unwrap();
        let target = holder.join(COPY);
        fs::write(&source, "one").unwrap();
        let first = refresh(&source, &holder, &Tree::default())
            .unwrap()
            .unwrap();
        // What is mounted is the file itself, so that it must stay the same one.
        let opened = fs::File::open(&target).unwrap();
        fs::write(&source, "second").unwrap();
        refresh(&source, &holder, &first).unwrap().unwrap();
        assert_eq!(std::io::read_to_string(opened).unwrap(), "second");
    }
}
