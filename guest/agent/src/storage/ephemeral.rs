//! The ephemeral driver: memory that the containers of a sandbox share.

use std::fs;
use std::path::Path;

use super::options::Options;
use super::{Undo, fs_group, mount, options};
use crate::proto::grpc::Storage;
use crate::status::{Context, Result, Status};

pub fn mount(storage: &Storage, undo: &mut Vec<Undo>) -> Result<()> {
    let point = Path::new(&storage.mount_point);
    let mut options = options::parse(&storage.options);
    let group = fs_group::take_option(&mut options)?;
    let fstype = match storage.fstype.as_str() {
        "hugetlbfs" => {
            reserve_pages(&options)?;
            "hugetlbfs"
        }
        "" | "tmpfs" => "tmpfs",
        other => {
            return Err(Status::invalid(format!(
                "storage ephemeral: fstype {other:?} must be tmpfs or hugetlbfs"
            )));
        }
    };
    mount::mount(fstype, point, fstype, &options, undo)?;
    fs_group::set(point, group)
}

/// Sets aside the huge pages that `pagesize=` and `size=` ask for.
fn reserve_pages(options: &Options) -> Result<()> {
    let value = |name: &str| {
        let mut values = options
            .data
            .iter()
            .filter_map(|item| item.strip_prefix(name));
        let text = values.next().unwrap_or_default();
        bytes(text).ok_or_else(|| {
            Status::invalid(format!("storage ephemeral: {name}{text} is not a size"))
        })
    };
    let (page, size) = (value("pagesize=")?, value("size=")?);
    let path = format!(
        "/sys/kernel/mm/hugepages/hugepages-{}kB/nr_hugepages",
        page >> 10
    );
    let present = fs::read_to_string(&path).context(|| format!("huge pages of {page} bytes"))?;
    let present: u64 = present.trim().parse().context(|| path.clone())?;
    fs::write(&path, (present + size.div_ceil(page)).to_string()).context(|| path)
}

/// A size such as 512, 64k, 2M, 1Gi.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_lowercase();
    let shift = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return None,
    };
    let number: u64 = digits.parse().ok()?;
    number.checked_mul(1 << shift).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_units() {
        assert_eq!(bytes("2M"), Some(2 << 20));
        assert_eq!(bytes("1Gi"), Some(1 << 30));
        assert_eq!(bytes("512"), Some(512));
        for text in ["", "0", "M", "1x", "-1", "99999999999G"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
