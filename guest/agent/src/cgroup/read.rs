//! The formats of cgroup v2 files,
//! <https://docs.kernel.org/admin-guide/cgroup-v2.html#interface-files>.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A number; "max" is the largest one, and so is nothing at all where `absent` says so.
pub fn number(folder: &Path, name: &str, absent: u64) -> u64 {
    match fs::read_to_string(folder.join(name)) {
        Ok(text) => parse(text.trim()),
        Err(_) => absent,
    }
}

/// Lines of a key and a number.
pub fn table(folder: &Path, name: &str) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs
        .map(|(key, value)| (key.to_owned(), parse(value)))
        .collect()
}

/// Lines of a key and several `name=number`.
pub fn nested(folder: &Path, name: &str) -> Vec<(String, BTreeMap<String, u64>)> {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
    let line = |line: &str| {
        let (key, rest) = line.split_once(' ')?;
        let pairs = rest.split(' ').filter_map(|pair| pair.split_once('='));
        let values = pairs.map(|(key, value)| (key.to_owned(), parse(value)));
        Some((key.to_owned(), values.collect()))
    };
    text.lines().filter_map(line).collect()
}

fn parse(text: &str) -> u64 {
    match text {
        "max" => u64::MAX,
        number => number.parse().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_formats() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("memory.max", "max\n");
        write("cpu.stat", "usage_usec 12\nuser_usec 5\n");
        write("io.stat", "254:0 rbytes=1 wbytes=2\n254:16 \n");
        assert_eq!(number(folder.path(), "memory.max", 0), u64::MAX);
        assert_eq!(number(folder.path(), "memory.current", 7), 7);
        assert_eq!(table(folder.path(), "cpu.stat")["usage_usec"], 12);
        let io = nested(folder.path(), "io.stat");
        assert_eq!((io.len(), io[0].1["wbytes"]), (2, 2));
        assert!(io[1].1.is_empty());
    }
}
