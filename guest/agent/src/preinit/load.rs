//! Loads the initramfs's modules.

use std::fs::{self, File};
use std::path::Path;

use rustix::io::Errno;

use crate::Result;

/// Loads the modules that the list names, a path a line, and frees the memory they take here.
pub fn all(list: &Path) -> Result<()> {
    let text = match fs::read_to_string(list) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{}: {error}", list.display())),
    };
    for path in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
        match rustix::system::finit_module(&file, c"", 0) {
            Ok(()) | Err(Errno::EXIST) => {}
            // A module for a device or processor that this machine lacks.
            Err(Errno::NODEV) => {}
            Err(error) => return Err(format!("load {path}: {error}")),
        }
        let _ = fs::remove_file(path);
    }
    Ok(())
}
