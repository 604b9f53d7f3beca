//! The number of processes that a group may have.

use std::path::Path;

use super::read::number;

/// The limit, if the group or one above it has no room for one more.
pub fn reached(folder: &Path) -> Option<u64> {
    folder.ancestors().find_map(|group| {
        let limit = number(group, "pids.max", u64::MAX);
        (number(group, "pids.current", 0) >= limit).then_some(limit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_nearest_limit_that_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("c1");
        fs::create_dir(&inner).unwrap();
        let set = |name: &str, text: &str| fs::write(inner.join(name), text).unwrap();
        set("pids.max", "max\n");
        set("pids.current", "9\n");
        assert_eq!(reached(&inner), None);
        set("pids.max", "10\n");
        assert_eq!(reached(&inner), None);
        set("pids.current", "10\n");
        assert_eq!(reached(&inner), Some(10));
    }
}
