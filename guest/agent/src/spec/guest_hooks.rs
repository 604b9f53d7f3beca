//! Hooks that every container of a sandbox has: the programs in the folders `prestart`, `poststart`
//! and `poststop` below the sandbox's hook path. crun runs them in the guest, in the order of their
//! names, with the container's state on their standard input.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::proto::grpc::{Hook, Spec};
use crate::status::{Result, Status};

/// Seconds that one may take.
const TIMEOUT: i64 = 10;

/// Refuses a hook path that is no folder of the guest.
pub fn check(path: &str) -> Result<()> {
    let plain = path.starts_with('/') && !path.split('/').any(|part| part == "..");
    match plain && Path::new(path).is_dir() {
        true => Ok(()),
        false => Err(Status::invalid(format!(
            "guest_hook_path: {path:?} must be the absolute path of a folder in the guest"
        ))),
    }
}

/// Puts them behind the container's own.
pub fn add(spec: &mut Spec, path: &str) {
    let folder = Path::new(path);
    let hooks = spec.hooks.get_or_insert_default();
    hooks.prestart.extend(programs(&folder.join("prestart")));
    hooks.poststart.extend(programs(&folder.join("poststart")));
    hooks.poststop.extend(programs(&folder.join("poststop")));
}

fn programs(folder: &Path) -> Vec<Hook> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<String> = entries
        .filter(|entry| {
            let metadata = fs::metadata(entry.path());
            metadata.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        })
        .filter_map(|entry| entry.path().into_os_string().into_string().ok())
        .collect();
    paths.sort();
    let hook = |path: String| Hook {
        args: vec![path.clone()],
        env: vec!["PATH=/usr/sbin:/usr/bin:/sbin:/bin".to_owned()],
        timeout: TIMEOUT,
        path,
    };
    paths.into_iter().map(hook).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_programs_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let prestart = folder.path().join("prestart");
        fs::create_dir(&prestart).unwrap();
        for (name, mode) in [("20-b", 0o755), ("10-a", 0o700), ("notes", 0o644)] {
            fs::write(prestart.join(name), "").unwrap();
            fs::set_permissions(prestart.join(name), PermissionsExt::from_mode(mode)).unwrap();
        }
        let mut spec = Spec::default();
        let path = folder.path().display().to_string();
        check(&path).unwrap();
        add(&mut spec, &path);
        let hooks = spec.hooks.unwrap();
        let names = hooks.prestart.iter().map(|hook| hook.path.as_str());
        let expected = [
            format!("{path}/prestart/10-a"),
            format!("{path}/prestart/20-b"),
        ];
        assert_eq!(names.collect::<Vec<&str>>(), expected);
        assert!(hooks.poststart.is_empty() && hooks.poststop.is_empty());
        assert!(check("relative").is_err() && check("/none/at/all").is_err());
    }
}
