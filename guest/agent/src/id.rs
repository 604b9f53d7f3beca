//! Ids of containers and processes: they become file names and parts of messages.

use crate::status::{Result, Status};

const MAX: usize = 255;

/// A container id: `^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`, at most 255 bytes. INTERNAL otherwise, as the
/// Kata agent answers.
pub fn check_container(id: &str) -> Result<()> {
    let mut bytes = id.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if first && rest && (2..=MAX).contains(&id.len()) {
        return Ok(());
    }
    Err(Status::internal(format!(
        "invalid container ID {:?}: it must match ^[a-zA-Z0-9][a-zA-Z0-9_.-]+$ and have at most {MAX} bytes",
        shorten(id)
    )))
}

/// An exec id: not empty, at most 255 bytes, printable ASCII.
pub fn check_exec(id: &str) -> Result<()> {
    if (1..=MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Status::invalid(format!(
        "invalid exec id {:?}: it must have 1 to {MAX} printable ASCII characters",
        shorten(id)
    )))
}

fn shorten(id: &str) -> String {
    id.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Code;

    #[test]
    fn accepts_ids_of_the_contract() {
        for id in ["ab", "A1_.-", "0123", &"x".repeat(255)] {
            assert_eq!(check_container(id), Ok(()), "{id}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for id in [
            "",
            "a",
            "-ab",
            ".ab",
            "a/b",
            "..",
            "a\0b",
            "é1",
            "a b",
            &"x".repeat(256),
        ] {
            let error = check_container(id).expect_err(id);
            assert_eq!(error.code, Code::Internal);
            assert!(error.message.starts_with("invalid container ID"));
        }
    }

    #[test]
    fn exec_ids_are_printable() {
        assert_eq!(check_exec("3f2/x"), Ok(()));
        for id in ["", "a b", "a\n", "ü", &"x".repeat(256)] {
            assert_eq!(check_exec(id).expect_err(id).code, Code::InvalidArgument);
        }
    }
}
