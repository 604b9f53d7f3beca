//! GetMetrics: the guest and the agent in Prometheus's text format, with Kata's names,
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Write;
use std::fs;

use crate::proto::grpc::Metrics;
use crate::status::Result;

pub fn call() -> Result<Metrics> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let mut text = String::new();
    memory(&mut text, &read("/proc/meminfo"));
    load(&mut text, &read("/proc/loadavg"));
    processors(&mut text, &read("/proc/stat"));
    agent(&mut text, &read("/proc/self/statm"));
    Ok(Metrics { metrics: text })
}

fn head(text: &mut String, name: &str, help: &str) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
}

fn memory(text: &mut String, meminfo: &str) {
    let name = "kata_guest_meminfo";
    head(text, name, "Memory of the guest in bytes.");
    for line in meminfo.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let Some(kib) = value
            .trim()
            .strip_suffix(" kB")
            .and_then(|n| n.parse::<u64>().ok())
        else {
            continue;
        };
        let item = key.replace(['(', ')'], "_").to_lowercase();
        let _ = writeln!(
            text,
            "{name}{{item=\"{}\"}} {}",
            item.trim_end_matches('_'),
            kib << 10
        );
    }
}

fn load(text: &mut String, loadavg: &str) {
    let name = "kata_guest_load";
    head(text, name, "Load averages of the guest.");
    for (item, value) in ["load1", "load5", "load15"].iter().zip(loadavg.split(' ')) {
        let _ = writeln!(text, "{name}{{item=\"{item}\"}} {value}");
    }
}

fn processors(text: &mut String, stat: &str) {
    let name = "kata_guest_cpu_time";
    head(
        text,
        name,
        "Time of the guest's processors in hundredths of a second.",
    );
    let items = [
        "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
    ];
    for line in stat.lines().filter(|line| line.starts_with("cpu")) {
        let mut fields = line.split_whitespace();
        let cpu = match fields.next().unwrap_or_default() {
            "cpu" => "total",
            numbered => numbered.trim_start_matches("cpu"),
        };
        for (item, value) in items.iter().zip(fields) {
            let _ = writeln!(text, "{name}{{cpu=\"{cpu}\",item=\"{item}\"}} {value}");
        }
    }
}

fn agent(text: &mut String, statm: &str) {
    let name = "kata_agent_total_rss";
    head(text, name, "Resident memory of the agent in bytes.");
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let _ = writeln!(text, "{name} {}", pages * rustix::param::page_size() as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_samples_of_all_kinds() {
        let mut text = String::new();
        memory(
            &mut text,
            "MemTotal: 16 kB\nActive(anon): 1 kB\nHugePages_Total: 0\n",
        );
        load(&mut text, "0.1 0.2 0.3 1/2 3\n");
        processors(&mut text, "cpu  1 2 3 4\ncpu0 1 2 3 4\nintr 5\n");
        for line in [
            "# TYPE kata_guest_meminfo gauge",
            "kata_guest_meminfo{item=\"memtotal\"} 16384",
            "kata_guest_meminfo{item=\"active_anon\"} 1024",
            "kata_guest_load{item=\"load15\"} 0.3",
            "kata_guest_cpu_time{cpu=\"total\",item=\"idle\"} 4",
            "kata_guest_cpu_time{cpu=\"0\",item=\"user\"} 1",
        ] {
            assert!(text.lines().any(|had| had == line), "{line} in {text}");
        }
    }
}
