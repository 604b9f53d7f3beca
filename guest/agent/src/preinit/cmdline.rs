//! What the kernel's command line says of the root.

use crate::Result;

#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    pub root: String,
    pub fstype: String,
    pub flags: String,
    pub read_only: bool,
    pub init: String,
}

impl Settings {
    pub fn parse(text: &str) -> Result<Settings> {
        let words = || text.split_whitespace();
        // As in the kernel, the last one holds.
        let value = |name: &str| {
            words()
                .filter_map(|word| word.strip_prefix(name))
                .next_back()
        };
        let needed =
            |name: &str| value(name).ok_or(format!("{name} is missing on the command line"));
        let last_mode = words().rfind(|word| matches!(*word, "ro" | "rw"));
        Ok(Settings {
            root: needed("root=")?.to_owned(),
            fstype: needed("rootfstype=")?.to_owned(),
            flags: value("rootflags=").unwrap_or_default().to_owned(),
            read_only: last_mode != Some("rw"),
            init: value("init=").unwrap_or("/sbin/init").to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_reads() {
        let text =
            "quiet root=/dev/vda root=/dev/pmem0 ro rootfstype=erofs rootflags=dax init=/x\n";
        let settings = Settings::parse(text).unwrap();
        let expected = Settings {
            root: "/dev/pmem0".to_owned(),
            fstype: "erofs".to_owned(),
            flags: "dax".to_owned(),
            read_only: true,
            init: "/x".to_owned(),
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn has_defaults_and_needs_the_rest() {
        let settings = Settings::parse("root=/dev/vda rootfstype=ext4 rw").unwrap();
        assert_eq!(settings.init, "/sbin/init");
        assert!(!settings.read_only);
        assert!(
            Settings::parse("rootfstype=ext4")
                .unwrap_err()
                .contains("root=")
        );
        assert!(
            Settings::parse("root=/dev/vda")
                .unwrap_err()
                .contains("rootfstype=")
        );
    }
}
