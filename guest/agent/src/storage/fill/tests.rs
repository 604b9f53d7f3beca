use super::*;
use std::fs::Permissions;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;

use rustix::fs::{FileType, XattrFlags};
use tempfile::TempDir;

use crate::proto::grpc::Mount;

struct Place(TempDir);

impl Place {
    /// A root with a folder /data, and an empty volume.
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        for folder in ["root/data/sub", "volume"] {
            fs::create_dir_all(place.path(folder)).unwrap();
        }
        fs::write(place.path("root/data/sub/file"), "text").unwrap();
        fs::write(place.path("root/data/top"), "top").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn fill(&self, place: &str) -> IoResult<()> {
        let root = Root::at(&self.path("root")).unwrap();
        fill(&root, OsStr::new(place), &self.path("volume"))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("volume")).unwrap();
        let name = |entry: IoEntry| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    }
}

type IoEntry = std::io::Result<fs::DirEntry>;

#[test]
fn an_empty_volume_gets_all_with_owners_modes_links_attributes_and_holes() {
    let place = Place::new();
    let data = place.path("root/data");
    chown(&data, Some(70), Some(71)).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o2750)).unwrap();
    let top = data.join("top");
    chown(&top, Some(7), Some(8)).unwrap();
    fs::set_permissions(&top, Permissions::from_mode(0o4711)).unwrap();
    fs::hard_link(&top, data.join("sub/linked")).unwrap();
    symlink("../../../etc/passwd", data.join("sub/away")).unwrap();
    std::os::unix::fs::lchown(data.join("sub/away"), Some(9), Some(9)).unwrap();
    let sparse = fs::File::create(data.join("sparse")).unwrap();
    sparse.write_all_at(b"end", 8 << 20).unwrap();
    let pipe = FileType::Fifo;
    rustix::fs::mknodat(CWD, data.join("pipe"), pipe, Mode::from_raw_mode(0o622), 0).unwrap();
    fs::set_permissions(data.join("pipe"), Permissions::from_mode(0o622)).unwrap();
    let flags = XattrFlags::empty();
    rustix::fs::setxattr(data.join("sub/file"), "trusted.mark", b"yes", flags).unwrap();
    place.fill("/data").unwrap();
    let volume = fs::metadata(place.path("volume")).unwrap();
    assert_eq!((volume.uid(), volume.gid()), (70, 71));
    assert_eq!(volume.mode() & 0o7777, 0o2750);
    assert_eq!(place.names(), ["pipe", "sparse", "sub", "top"]);
    let look = |name: &str| fs::symlink_metadata(place.path("volume").join(name)).unwrap();
    assert_eq!((look("top").uid(), look("top").gid()), (7, 8));
    assert_eq!(look("top").mode() & 0o7777, 0o4711);
    assert_eq!(look("top").mtime(), fs::metadata(&top).unwrap().mtime());
    assert_eq!(look("top").ino(), look("sub/linked").ino());
    assert_eq!(look("sub/away").uid(), 9);
    assert_eq!(look("pipe").mode(), 0o010_622);
    assert_eq!(look("sparse").len(), (8 << 20) + 3);
    assert!(look("sparse").blocks() < 64);
    let mut value = [0; 8];
    let file = place.path("volume/sub/file");
    let length = rustix::fs::getxattr(&file, "trusted.mark", &mut value).unwrap();
    assert_eq!(&value[..length], b"yes");
}

#[test]
fn what_is_not_empty_stays_as_it_is() {
    let place = Place::new();
    fs::write(place.path("volume/own"), "mine").unwrap();
    place.fill("/data").unwrap();
    assert_eq!(place.names(), ["own"]);
}

#[test]
fn what_was_cut_short_while_copying_begins_anew() {
    let place = Place::new();
    let part = place.path("volume").join(PART);
    fs::create_dir_all(part.join("sub")).unwrap();
    fs::write(part.join("half"), "ha").unwrap();
    fs::create_dir(place.path("volume/lost+found")).unwrap();
    place.fill("/data").unwrap();
    assert_eq!(place.names(), ["lost+found", "sub", "top"]);
}

#[test]
fn what_was_cut_short_while_moving_is_brought_to_its_end_and_takes_nothing_away() {
    let place = Place::new();
    let volume = place.path("volume");
    fs::create_dir_all(volume.join(WHOLE).join("sub")).unwrap();
    fs::write(volume.join(WHOLE).join("sub/file"), "text").unwrap();
    fs::write(volume.join(WHOLE).join("both"), "staged").unwrap();
    fs::set_permissions(volume.join(WHOLE), Permissions::from_mode(0o700)).unwrap();
    fs::write(volume.join("both"), "own").unwrap();
    fs::write(volume.join("top"), "moved before").unwrap();
    place.fill("/none").unwrap();
    assert_eq!(place.names(), ["both", "sub", "top"]);
    let read = |name: &str| fs::read_to_string(volume.join(name)).unwrap();
    assert_eq!(read("both"), "own");
    assert_eq!(read("sub/file"), "text");
    assert_eq!(fs::metadata(&volume).unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn links_lead_nowhere_out_of_the_root() {
    let place = Place::new();
    fs::create_dir(place.path("outside")).unwrap();
    fs::write(place.path("outside/secret"), "no").unwrap();
    symlink(place.path("outside"), place.path("root/away")).unwrap();
    symlink("../../../../outside", place.path("root/up")).unwrap();
    symlink("/data", place.path("root/inside")).unwrap();
    symlink("loop", place.path("root/loop")).unwrap();
    for path in ["/away", "/up", "/loop", "/none", "/data/top", "/../outside"] {
        place.fill(path).unwrap();
        assert_eq!(place.names(), [""; 0], "{path}");
    }
    place.fill("/inside").unwrap();
    assert_eq!(place.names(), ["sub", "top"]);
}

#[test]
fn what_fails_leaves_the_volume_empty() {
    let place = Place::new();
    let volume = place.path("volume");
    let flags = rustix::mount::MountFlags::empty();
    let size = c"size=256k".to_owned();
    rustix::mount::mount("tmpfs", &volume, "tmpfs", flags, size.as_c_str()).unwrap();
    fs::write(place.path("root/data/large"), vec![1; 1 << 20]).unwrap();
    let result = place.fill("/data");
    let names = place.names();
    rustix::mount::unmount(&volume, rustix::mount::UnmountFlags::DETACH).unwrap();
    assert_eq!(result, Err(Errno::NOSPC));
    assert_eq!(names, [""; 0]);
}

#[test]
fn the_option_is_taken_out_of_the_specification() {
    let mount = |destination: &str, options: &[&str]| Mount {
        destination: destination.to_owned(),
        source: "/volume".to_owned(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        ..Mount::default()
    };
    let mut spec = Spec {
        mounts: vec![
            mount("/a", &["rbind", OPTION, "ro"]),
            mount("/b", &["rbind"]),
        ],
        ..Spec::default()
    };
    let (volume, place) = ("/volume".to_owned(), "/a".to_owned());
    assert_eq!(take(&mut spec), [Fill { volume, place }]);
    assert_eq!(spec.mounts[0].options, ["rbind", "ro"]);
    assert_eq!(take(&mut spec), []);
}
