//! The default filter of system calls, which the guest's root holds compiled: crun is spared the work.

use std::fs;
use std::path::Path;

use super::seccomp;
use crate::proto::grpc::Spec;

/// The filter as `config.json` would have it, and crun's program for it.
pub const FOLDER: &str = "/usr/lib/virtcontainers/filter";
const PROFILE: &str = "profile.json";
const PROGRAM: &str = "program.base64";
/// By this annotation crun takes a program in base64.
const ANNOTATION: &str = "run.oci.seccomp_bpf_data";

/// Puts the program in the place of the filter, if it is the very one that was compiled.
pub fn apply(spec: &mut Spec, folder: &Path) {
    let Some(linux) = spec.linux.as_mut() else {
        return;
    };
    let same = linux.seccomp.as_ref().is_some_and(|filter| {
        let text = seccomp::seccomp(filter).to_string();
        fs::read(folder.join(PROFILE)).is_ok_and(|known| known == text.as_bytes())
    });
    // Whoever gives a program of his own has it, as with any other filter.
    if same
        && !spec.annotations.contains_key(ANNOTATION)
        && let Ok(program) = fs::read_to_string(folder.join(PROGRAM))
    {
        linux.seccomp = None;
        spec.annotations.insert(ANNOTATION.to_owned(), program);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::grpc::{Linux, LinuxSeccomp, LinuxSyscall};

    fn spec(name: &str) -> Spec {
        let syscall = LinuxSyscall {
            names: vec![name.to_owned()],
            action: "SCMP_ACT_ERRNO".to_owned(),
            errnoret: 1,
            ..LinuxSyscall::default()
        };
        let filter = LinuxSeccomp {
            default_action: "SCMP_ACT_ALLOW".to_owned(),
            syscalls: vec![syscall],
            ..LinuxSeccomp::default()
        };
        let linux = Linux {
            seccomp: Some(filter),
            ..Linux::default()
        };
        Spec {
            linux: Some(linux),
            ..Spec::default()
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let profile = r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ERRNO","errnoRet":1,"names":["bpf"]}]}"#;
        fs::write(folder.path().join(PROFILE), profile).unwrap();
        fs::write(folder.path().join(PROGRAM), "AAAA").unwrap();
        folder
    }

    #[test]
    fn the_same_filter_is_replaced_by_its_program() {
        let mut spec = spec("bpf");
        apply(&mut spec, folder().path());
        assert_eq!(spec.linux.unwrap().seccomp, None);
        assert_eq!(spec.annotations.get(ANNOTATION).unwrap(), "AAAA");
    }

    #[test]
    fn another_filter_is_left_to_crun() {
        let mut other = spec("mount");
        let mut own = spec("bpf");
        own.annotations
            .insert(ANNOTATION.to_owned(), "BBBB".to_owned());
        let mut uncompiled = spec("bpf");
        let folder = folder();
        let absent = folder.path().join("absent");
        for (spec, folder) in [
            (&mut other, folder.path()),
            (&mut own, folder.path()),
            (&mut uncompiled, &absent),
        ] {
            let before = spec.clone();
            apply(spec, folder);
            assert_eq!(*spec, before);
        }
    }
}
