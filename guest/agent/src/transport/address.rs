//! Server addresses: `unix:///path`, `unix://@abstract`, `vsock://CID:PORT`.

use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Unix(PathBuf),
    Abstract(String),
    Vsock { cid: u32, port: u32 },
}

impl Address {
    pub fn parse(text: &str) -> Result<Address, String> {
        let wrong = || {
            format!(
                "server address {text:?}: expected unix:///path, unix://@name or vsock://CID:PORT"
            )
        };
        if let Some(rest) = text.strip_prefix("unix://") {
            return match rest.strip_prefix('@') {
                Some("") => Err(wrong()),
                Some(name) => Ok(Address::Abstract(name.to_owned())),
                None if rest.starts_with('/') => Ok(Address::Unix(PathBuf::from(rest))),
                None => Err(wrong()),
            };
        }
        let rest = text.strip_prefix("vsock://").ok_or_else(wrong)?;
        let (cid, port) = rest.split_once(':').ok_or_else(wrong)?;
        let cid = match cid {
            "-1" => libc::VMADDR_CID_ANY,
            _ => cid.parse().map_err(|_| wrong())?,
        };
        let port = port.parse().map_err(|_| wrong())?;
        Ok(Address::Vsock { cid, port })
    }

    /// The port of vsock that a setting names.
    pub fn of_port(setting: &str, value: &str) -> Result<Address, String> {
        match value.parse() {
            Ok(port) if port != 0 && port != libc::VMADDR_PORT_ANY => Ok(Address::Vsock {
                cid: libc::VMADDR_CID_ANY,
                port,
            }),
            _ => Err(format!("{setting}={value}: must be a port of vsock")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_all_forms() {
        assert_eq!(
            Address::parse("vsock://-1:1024"),
            Ok(Address::Vsock {
                cid: u32::MAX,
                port: 1024
            })
        );
        assert_eq!(
            Address::parse("unix:///run/a.sock"),
            Ok(Address::Unix("/run/a.sock".into()))
        );
        assert_eq!(
            Address::parse("unix://@a"),
            Ok(Address::Abstract("a".into()))
        );
    }

    #[test]
    fn names_what_it_refuses() {
        for text in [
            "",
            "tcp://1",
            "unix://rel",
            "unix://@",
            "vsock://3",
            "vsock://x:1",
        ] {
            assert!(
                Address::parse(text)
                    .unwrap_err()
                    .contains(&format!("{text:?}"))
            );
        }
    }
}
