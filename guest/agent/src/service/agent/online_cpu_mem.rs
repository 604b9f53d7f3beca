//! OnlineCPUMem: takes into use what has been plugged in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::agent::Agent;
use crate::device::wait;
use crate::proto::grpc::OnlineCpuMemRequest;
use crate::status::Result;

const CPUS: &str = "/sys/devices/system/cpu";
const MEMORY: &str = "/sys/devices/system/memory";

pub async fn call(agent: &Agent, request: OnlineCpuMemRequest) -> Result<()> {
    let wanted = request.nb_cpus as usize;
    let mut done = 0;
    let what = format!("{wanted} offline CPUs");
    wait::until(agent, what, || {
        done += online(Path::new(CPUS), "cpu", wanted - done);
        (done >= wanted).then_some(())
    })
    .await?;
    if !request.cpu_only {
        online(Path::new(MEMORY), "memory", usize::MAX);
    }
    Ok(())
}

/// Brings at most `most` of the folder's members online that are not, and gives their number.
fn online(folder: &Path, prefix: &str, most: usize) -> usize {
    let files = switches(folder, prefix).into_iter();
    let offline =
        files.filter(|file| fs::read_to_string(file).is_ok_and(|text| text.trim() == "0"));
    offline
        .filter(|file| fs::write(file, "1").is_ok())
        .take(most)
        .count()
}

fn switches(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut numbered: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let number = name.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join("online")))
        })
        .collect();
    numbered.sort();
    numbered.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brings_only_so_many_online() {
        let folder = tempfile::tempdir().unwrap();
        for (name, state) in [
            ("cpu0", "1"),
            ("cpu1", "0\n"),
            ("cpu2", "0\n"),
            ("cpufreq", "0"),
        ] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("online"), state).unwrap();
        }
        assert_eq!(online(folder.path(), "cpu", 1), 1);
        let state =
            |name: &str| fs::read_to_string(folder.path().join(name).join("online")).unwrap();
        assert_eq!(
            (state("cpu1"), state("cpu2")),
            ("1".to_owned(), "0\n".to_owned())
        );
        assert_eq!(online(folder.path(), "cpu", 5), 1);
        assert_eq!(state("cpufreq"), "0");
    }
}
