//! Loads kernel modules with what they depend on, from /lib/modules.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::path::Path;

use rustix::io::Errno;

use crate::status::{Context, Result, Status};

/// Loads a module by its name; one that is loaded or built in is no error.
pub fn load(name: &str, parameters: &[String]) -> Result<()> {
    let uname = rustix::system::uname();
    let folder = Path::new("/lib/modules").join(uname.release().to_string_lossy().as_ref());
    if is_loaded(name) || is_built_in(&folder, name) {
        return Ok(());
    }
    let list = folder.join("modules.dep");
    let list = fs::read_to_string(&list).map_err(|_| {
        Status::not_found(format!("kernel module {name}: the guest has no modules"))
    })?;
    let paths = closure(&list, name)
        .ok_or_else(|| Status::not_found(format!("kernel module {name}: not in the guest")))?;
    // The module itself is named first, what it needs after it.
    for (place, path) in paths.iter().enumerate().rev() {
        let parameters = match place {
            0 => parameters.join(" "),
            _ => String::new(),
        };
        insert(&folder.join(path), &parameters)?;
    }
    Ok(())
}

/// Loads one file; one whose module is loaded is no error.
pub fn insert(path: &Path, parameters: &str) -> Result<()> {
    let what = || format!("load {}", path.display());
    let file = File::open(path).context(what)?;
    let parameters = CString::new(parameters).context(what)?;
    match rustix::system::finit_module(&file, &parameters, 0) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error).context(what),
    }
}

/// The kernel shows what is loaded, and of what is built in that which has parameters.
fn is_loaded(name: &str) -> bool {
    let plain = plain(name);
    let is_name = plain
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name && Path::new("/sys/module").join(plain).exists()
}

fn is_built_in(folder: &Path, name: &str) -> bool {
    let list = fs::read_to_string(folder.join("modules.builtin")).unwrap_or_default();
    list.lines().any(|path| stem(path) == plain(name))
}

/// The line of modules.dep for a name: its path, then those of all that it needs, in such an order
/// that the last is to be loaded first.
fn closure<'a>(list: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let (path, needs) = list
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(path, _)| stem(path) == plain(name))?;
    let mut seen = BTreeSet::new();
    let all = std::iter::once(path).chain(needs.split_whitespace());
    Some(all.filter(|path| seen.insert(*path)).collect())
}

fn stem(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or_default();
    plain(file.split('.').next().unwrap_or_default())
}

/// The kernel takes - and _ in names for the same.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko\nkernel/fs/fuse/fuse.ko:\n\
        kernel/a/crc32c-intel.ko: kernel/b/x.ko kernel/b/y.ko\n";

    #[test]
    fn gives_the_module_and_what_it_needs() {
        let virtiofs = closure(LIST, "virtiofs").unwrap();
        assert_eq!(
            virtiofs,
            ["kernel/fs/fuse/virtiofs.ko", "kernel/fs/fuse/fuse.ko"]
        );
        assert_eq!(closure(LIST, "fuse").unwrap(), ["kernel/fs/fuse/fuse.ko"]);
        assert_eq!(closure(LIST, "crc32c_intel").unwrap().len(), 3);
        assert_eq!(closure(LIST, "us"), None);
    }
}
