//! AppArmor, which a guest may not have.

use std::fs;

use crate::proto::grpc::Process;

const ENABLED: &str = "/sys/module/apparmor/parameters/enabled";

/// Drops a profile where the kernel has none.
pub fn drop_unknown(process: &mut Process) {
    if !process.apparmor_profile.is_empty() {
        let enabled = fs::read_to_string(ENABLED).is_ok_and(|text| text.trim() == "Y");
        drop_unless(enabled, process);
    }
}

fn drop_unless(enabled: bool, process: &mut Process) {
    if !enabled {
        process.apparmor_profile.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_stays_where_the_kernel_knows_it() {
        let mut process = Process {
            apparmor_profile: "docker-default".to_owned(),
            ..Process::default()
        };
        drop_unless(true, &mut process);
        assert_eq!(process.apparmor_profile, "docker-default");
        drop_unless(false, &mut process);
        assert_eq!(process.apparmor_profile, "");
    }
}
