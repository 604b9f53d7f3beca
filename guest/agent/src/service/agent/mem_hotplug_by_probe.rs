//! MemHotplugByProbe: tells the kernel of plugged memory that nothing announces.

use std::fs;
use std::path::Path;

use crate::proto::grpc::MemHotplugByProbeRequest;
use crate::status::{Code, Context, Result, Status};

const PROBE: &str = "/sys/devices/system/memory/probe";

pub fn call(request: &MemHotplugByProbeRequest) -> Result<()> {
    probe(Path::new(PROBE), &request.mem_hotplug_probe_addr)
}

fn probe(file: &Path, addresses: &[u64]) -> Result<()> {
    if !file.exists() {
        let message = "this kernel learns of memory without a probe: it has no memory/probe";
        return Err(Status::new(Code::Unimplemented, message));
    }
    for address in addresses {
        fs::write(file, format!("{address:#x}")).context(|| format!("probe {address:#x}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_addresses_in_hexadecimal() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("probe");
        let missing = probe(&file, &[1]).unwrap_err();
        assert_eq!(missing.code, Code::Unimplemented);
        fs::write(&file, "").unwrap();
        probe(&file, &[0x1_0000_0000, 0x2_0000_0000]).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "0x200000000");
    }
}
