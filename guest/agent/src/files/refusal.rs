//! Why something can't be done with a file, for who can do something about it.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::root::{FOLDER, Root, split};
use crate::status::{Code, Result, Status};

/// The folder that holds what a path names, and its name there.
pub fn parent<'a>(root: &Root, path: &'a str) -> Result<(OwnedFd, &'a OsStr)> {
    let (folder, name) = split(OsStr::new(path))?;
    let opened = root.open(folder, FOLDER);
    Ok((opened.map_err(|error| refusal(path, error))?, name))
}

pub fn refusal(path: &str, error: Errno) -> Status {
    let code = match error {
        Errno::NOENT | Errno::NOTDIR => Code::NotFound,
        Errno::EXIST => Code::AlreadyExists,
        Errno::NOTEMPTY | Errno::BUSY | Errno::ROFS | Errno::XDEV => Code::FailedPrecondition,
        Errno::NOSPC | Errno::DQUOT => Code::ResourceExhausted,
        Errno::PERM | Errno::ACCESS => Code::PermissionDenied,
        Errno::INVAL => Code::InvalidArgument,
        _ => Code::Internal,
    };
    let text = match error {
        Errno::XDEV => "it lies on another file system: copy it, and remove it then".to_owned(),
        Errno::EXIST => "there is something that is not replaced".to_owned(),
        Errno::BUSY => "something is mounted there".to_owned(),
        _ => error.to_string(),
    };
    Status::new(code, format!("{path}: {text}"))
}
