//! A container's use of resources, from its cgroup.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::read::{nested, number, table};
use crate::proto::grpc::{
    BlkioStats, BlkioStatsEntry, CgroupStats, CpuStats, CpuUsage, HugetlbStats, MemoryData,
    MemoryStats, PidsStats, ThrottlingData,
};

pub fn of(folder: &Path) -> CgroupStats {
    CgroupStats {
        cpu_stats: Some(cpu(folder)),
        memory_stats: Some(memory(folder)),
        pids_stats: Some(PidsStats {
            current: number(folder, "pids.current", 0),
            // 0 stands for none.
            limit: match number(folder, "pids.max", u64::MAX) {
                u64::MAX => 0,
                limit => limit,
            },
        }),
        blkio_stats: Some(blkio(folder)),
        hugetlb_stats: hugetlb(folder),
    }
}

/// Times are in ns.
fn cpu(folder: &Path) -> CpuStats {
    let stat = table(folder, "cpu.stat");
    let get = |key: &str| stat.get(key).copied().unwrap_or(0);
    CpuStats {
        cpu_usage: Some(CpuUsage {
            total_usage: get("usage_usec").saturating_mul(1000),
            percpu_usage: Vec::new(),
            usage_in_kernelmode: get("system_usec").saturating_mul(1000),
            usage_in_usermode: get("user_usec").saturating_mul(1000),
        }),
        throttling_data: Some(ThrottlingData {
            periods: get("nr_periods"),
            throttled_periods: get("nr_throttled"),
            throttled_time: get("throttled_usec").saturating_mul(1000),
        }),
    }
}

fn memory(folder: &Path) -> MemoryStats {
    let stats = table(folder, "memory.stat");
    let events = table(folder, "memory.events");
    let get = |table: &BTreeMap<String, u64>, key: &str| table.get(key).copied().unwrap_or(0);
    let usage = number(folder, "memory.current", 0);
    let swap = number(folder, "memory.swap.current", 0);
    MemoryStats {
        cache: get(&stats, "file"),
        usage: Some(MemoryData {
            usage,
            max_usage: number(folder, "memory.peak", usage),
            failcnt: get(&events, "max"),
            limit: number(folder, "memory.max", u64::MAX),
        }),
        swap_usage: Some(MemoryData {
            usage: swap,
            max_usage: number(folder, "memory.swap.peak", swap),
            failcnt: get(&table(folder, "memory.swap.events"), "max"),
            limit: number(folder, "memory.swap.max", u64::MAX),
        }),
        kernel_usage: Some(MemoryData {
            usage: get(&stats, "kernel"),
            ..MemoryData::default()
        }),
        use_hierarchy: true,
        stats,
    }
}

fn blkio(folder: &Path) -> BlkioStats {
    let mut stats = BlkioStats::default();
    for (device, values) in nested(folder, "io.stat") {
        let Some((major, minor)) = device.split_once(':') else {
            continue;
        };
        let entry = |op: &str, key: &str| BlkioStatsEntry {
            major: major.parse().unwrap_or(0),
            minor: minor.parse().unwrap_or(0),
            op: op.to_owned(),
            value: values.get(key).copied().unwrap_or(0),
        };
        stats
            .io_service_bytes_recursive
            .extend([entry("read", "rbytes"), entry("write", "wbytes")]);
        stats
            .io_serviced_recursive
            .extend([entry("read", "rios"), entry("write", "wios")]);
    }
    stats
}

/// By the size of a page, such as "2MB".
fn hugetlb(folder: &Path) -> BTreeMap<String, HugetlbStats> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let stats = names.filter_map(|name| {
        let size = name.strip_prefix("hugetlb.")?.strip_suffix(".current")?;
        if size.ends_with(".rsvd") {
            return None;
        }
        let events = table(folder, &format!("hugetlb.{size}.events"));
        let stats = HugetlbStats {
            usage: number(folder, &name, 0),
            max_usage: 0,
            failcnt: events.get("max").copied().unwrap_or(0),
        };
        Some((size.to_owned(), stats))
    });
    stats.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_of_processes_is_told_as_0() {
        let folder = tempfile::tempdir().unwrap();
        let limit = |text: &str| {
            fs::write(folder.path().join("pids.max"), text).unwrap();
            of(folder.path()).pids_stats.unwrap_or_default().limit
        };
        assert_eq!(limit("max\n"), 0);
        assert_eq!(limit("12\n"), 12);
    }
}
