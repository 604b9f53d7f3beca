//! The number of processes that a group may have.

use std::path::Path;

use super::read::number;

/// The limit, if the group or one above it has no room for so many more.
pub fn without_room_for(more: u64, folder: &Path) -> Option<u64> {
    folder.ancestors().find_map(|group| {
        let limit = number(group, "pids.max", u64::MAX);
        let wanted = number(group, "pids.current", 0).saturating_add(more);
        (limit != u64::MAX && wanted > limit).then_some(limit)
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
        assert_eq!(without_room_for(1, &inner), None);
        set("pids.max", "10\n");
        assert_eq!(without_room_for(1, &inner), None);
        assert_eq!(without_room_for(2, &inner), Some(10));
        set("pids.current", "10\n");
        assert_eq!(without_room_for(1, &inner), Some(10));
    }
}
