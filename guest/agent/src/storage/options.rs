//! Mount options as flags and data, with the names of mount(8).

use rustix::mount::{MountFlags, MountPropagationFlags};

#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub flags: MountFlags,
    pub propagation: MountPropagationFlags,
    pub data: Vec<String>,
}

impl Options {
    /// Adds `name` with `value` unless the option is there.
    pub fn default(&mut self, name: &str, value: &str) {
        if !self.data.iter().any(|option| option.starts_with(name)) {
            self.data.push(format!("{name}{value}"));
        }
    }

    /// Takes out the option that begins with `name` and gives its value.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.data.iter().position(|item| item.starts_with(name))?;
        self.data.remove(at).strip_prefix(name).map(str::to_owned)
    }
}

pub fn parse<S: AsRef<str>>(options: &[S]) -> Options {
    let mut parsed = Options {
        flags: MountFlags::empty(),
        propagation: MountPropagationFlags::empty(),
        data: Vec::new(),
    };
    for option in options.iter().flat_map(|option| option.as_ref().split(',')) {
        if let Some((set, flag)) = mount_flag(option) {
            parsed.flags.set(flag, set);
        } else if let Some(flag) = propagation(option) {
            parsed.propagation |= flag;
        } else if !matches!(
            option,
            "" | "defaults" | "loud" | "norelatime" | "nostrictatime"
        ) {
            parsed.data.push(option.to_owned());
        }
    }
    parsed
}

fn mount_flag(option: &str) -> Option<(bool, MountFlags)> {
    Some(match option {
        "ro" => (true, MountFlags::RDONLY),
        "rw" => (false, MountFlags::RDONLY),
        "nosuid" => (true, MountFlags::NOSUID),
        "suid" => (false, MountFlags::NOSUID),
        "nodev" => (true, MountFlags::NODEV),
        "dev" => (false, MountFlags::NODEV),
        "noexec" => (true, MountFlags::NOEXEC),
        "exec" => (false, MountFlags::NOEXEC),
        "sync" => (true, MountFlags::SYNCHRONOUS),
        "async" => (false, MountFlags::SYNCHRONOUS),
        "dirsync" => (true, MountFlags::DIRSYNC),
        "noatime" => (true, MountFlags::NOATIME),
        "atime" => (false, MountFlags::NOATIME),
        "nodiratime" => (true, MountFlags::NODIRATIME),
        "diratime" => (false, MountFlags::NODIRATIME),
        "relatime" => (true, MountFlags::RELATIME),
        "strictatime" => (true, MountFlags::STRICTATIME),
        "silent" => (true, MountFlags::SILENT),
        "bind" => (true, MountFlags::BIND),
        "rbind" => (true, MountFlags::BIND.union(MountFlags::REC)),
        _ => return None,
    })
}

fn propagation(option: &str) -> Option<MountPropagationFlags> {
    let recursive = MountPropagationFlags::REC;
    Some(match option {
        "private" => MountPropagationFlags::PRIVATE,
        "rprivate" => MountPropagationFlags::PRIVATE | recursive,
        "shared" => MountPropagationFlags::SHARED,
        "rshared" => MountPropagationFlags::SHARED | recursive,
        "slave" => MountPropagationFlags::DOWNSTREAM,
        "rslave" => MountPropagationFlags::DOWNSTREAM | recursive,
        "unbindable" => MountPropagationFlags::UNBINDABLE,
        "runbindable" => MountPropagationFlags::UNBINDABLE | recursive,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_data_and_propagation_are_told_apart() {
        let parsed = parse(&["ro", "nosuid,nodev", "size=64m", "rslave", "defaults", ""]);
        let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
        assert_eq!(parsed.flags, flags);
        let propagation = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
        assert_eq!(parsed.propagation, propagation);
        assert_eq!(parsed.data, ["size=64m"]);
    }

    #[test]
    fn a_later_option_undoes_an_earlier_one() {
        assert_eq!(parse(&["ro", "rw"]).flags, MountFlags::empty());
        assert_eq!(parse(&["rw", "ro"]).flags, MountFlags::RDONLY);
    }

    #[test]
    fn data_can_be_taken_and_given_a_default() {
        let mut parsed = parse(&["mode=0777", "trans=fd"]);
        assert_eq!(parsed.take("mode="), Some("0777".to_owned()));
        assert_eq!(parsed.take("mode="), None);
        parsed.default("trans=", "virtio");
        parsed.default("version=", "9p2000.L");
        assert_eq!(parsed.data, ["trans=fd", "version=9p2000.L"]);
    }
}
