//! CPUs, and memory in the same manner: numbered folders with a switch.

use std::fs;
use std::path::{Path, PathBuf};

pub const FOLDER: &str = "/sys/devices/system/cpu";

/// The numbers of the CPUs in use; one without a switch always is.
pub fn online(folder: &Path) -> Vec<u32> {
    let members = members(folder, "cpu").into_iter();
    let on = members.filter(|(_, path)| !is_off(&path.join("online")));
    on.map(|(number, _)| number).collect()
}

/// Brings at most so many CPUs into use that are not, and gives their number.
pub fn bring_online(folder: &Path, most: usize) -> usize {
    bring_members_online(folder, "cpu", most)
}

/// Brings CPUs into use until there are so many of them, and tells whether there are.
pub fn bring_total_online(folder: &Path, total: usize) -> bool {
    let missing = total.saturating_sub(online(folder).len());
    bring_online(folder, missing) >= missing
}

/// Brings at most so many members of a kind (CPUs, memory blocks) into use, and gives their number.
pub fn bring_members_online(folder: &Path, prefix: &str, most: usize) -> usize {
    let switches = members(folder, prefix).into_iter();
    let offline = switches
        .map(|(_, path)| path.join("online"))
        .filter(|switch| is_off(switch));
    offline
        .filter(|switch| fs::write(switch, "1").is_ok())
        .take(most)
        .count()
}

fn is_off(switch: &Path) -> bool {
    fs::read_to_string(switch).is_ok_and(|text| text.trim() == "0")
}

fn members(folder: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut numbered: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let number = name.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    numbered.sort();
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brings_only_so_many_online() {
        let folder = tempfile::tempdir().unwrap();
        for (name, state) in [
            ("cpu0", "1"),
            ("cpu10", "1"),
            ("cpu1", "0\n"),
            ("cpu2", "0\n"),
            ("cpufreq", "0"),
        ] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("online"), state).unwrap();
        }
        fs::create_dir(folder.path().join("cpu3")).unwrap();
        assert_eq!(online(folder.path()), [0, 3, 10]);
        assert_eq!(bring_online(folder.path(), 1), 1);
        let state =
            |name: &str| fs::read_to_string(folder.path().join(name).join("online")).unwrap();
        assert_eq!(
            (state("cpu1"), state("cpu2")),
            ("1".to_owned(), "0\n".to_owned())
        );
        assert_eq!(bring_online(folder.path(), 5), 1);
        assert_eq!(online(folder.path()), [0, 1, 2, 3, 10]);
        assert_eq!(state("cpufreq"), "0");
    }

    #[test]
    fn a_total_counts_those_that_are_in_use() {
        let folder = tempfile::tempdir().unwrap();
        for (name, state) in [("cpu0", "1"), ("cpu1", "1"), ("cpu2", "0"), ("cpu3", "0")] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("online"), state).unwrap();
        }
        assert!(bring_total_online(folder.path(), 1));
        assert_eq!(online(folder.path()), [0, 1]);
        assert!(bring_total_online(folder.path(), 3));
        assert_eq!(online(folder.path()), [0, 1, 2]);
        assert!(!bring_total_online(folder.path(), 5));
    }
}
