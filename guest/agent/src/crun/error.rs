//! What crun says when it fails, as a status that tells the caller what was wrong.

use crate::status::{Code, Status};

/// `said` is what crun wrote to its standard error, `status` how it ended, `program` the first argument and
/// `cwd` the working directory of the process it was to start.
pub fn explain(said: &str, status: i32, program: &str, cwd: &str) -> Status {
    let last = said.lines().map(plain).rfind(|line| !line.is_empty());
    let Some(last) = last.as_deref() else {
        let message = format!("crun ended with status {status} and said nothing");
        return Status::internal(message);
    };
    if last.starts_with("executable file `") && last.contains("not found") {
        let place = match program.contains('/') {
            true => "no such file",
            false => "not found in PATH",
        };
        return Status::not_found(format!("exec: {program:?}: {place}"));
    }
    // The latter is what it says of a folder.
    let refused = ["Permission denied", "Operation not permitted"];
    if last.starts_with("open executable") && refused.iter().any(|reason| last.contains(reason)) {
        let message = format!("exec: {program:?}: permission denied");
        return Status::new(Code::PermissionDenied, message);
    }
    // What the kernel says at the very end.
    if let Some(reason) = last
        .strip_prefix("exec: ")
        .or_else(|| last.strip_prefix("exec `"))
    {
        let reason = reason
            .rsplit(": ")
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let message = format!("exec: {program:?}: {reason}");
        return Status::new(Code::PermissionDenied, message);
    }
    if last.starts_with("chdir") || last.starts_with("cannot chdir") {
        // As of a program: what is not there is another thing than what can't be entered.
        let reason = last.rsplit(": ").next().unwrap_or_default();
        let message = format!("working directory {cwd:?}: {reason}");
        let is_missing = reason == "No such file or directory";
        return match is_missing {
            true => Status::not_found(message),
            false => Status::new(Code::PermissionDenied, message),
        };
    }
    Status::internal(format!("crun: {last}"))
}

/// A line without what crun adds on a terminal: colours and the time.
fn plain(line: &str) -> String {
    let mut parts = line.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    let text = parts.fold(first, |text, part| {
        let end = part.find(|c: char| c.is_ascii_alphabetic());
        text + end.and_then(|end| part.get(end + 1..)).unwrap_or_default()
    });
    let is_time = |start: &str| start.len() > 10 && start.starts_with("20") && start.contains('T');
    match text.trim().split_once(": ") {
        Some((start, rest)) if is_time(start) => rest.trim().to_owned(),
        _ => text.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(said: &str) -> Code {
        explain(said, 1, "foo", "/w").code
    }

    #[test]
    fn a_missing_program() {
        let said = "executable file `foo` not found in $PATH: No such file or directory\n";
        let status = explain(said, 1, "foo", "/");
        assert_eq!(status.code, Code::NotFound);
        assert_eq!(status.message, "exec: \"foo\": not found in PATH");
        let status = explain(said, 1, "/bin/foo", "/");
        assert_eq!(status.message, "exec: \"/bin/foo\": no such file");
    }

    #[test]
    fn what_else_the_caller_got_wrong() {
        assert_eq!(
            code("open executable: Permission denied"),
            Code::PermissionDenied
        );
        assert_eq!(
            code("open executable: Operation not permitted"),
            Code::PermissionDenied
        );
        assert_eq!(
            code("chdir `/w`: No such file or directory"),
            Code::NotFound
        );
        for reason in ["Not a directory", "Permission denied"] {
            let status = explain(&format!("chdir `/w`: {reason}"), 1, "foo", "/w");
            assert_eq!(status.code, Code::PermissionDenied);
            assert_eq!(
                status.message,
                format!("working directory \"/w\": {reason}")
            );
        }
    }

    #[test]
    fn what_fails_at_last_and_on_a_terminal() {
        let status = explain("exec: Exec format error\n", 1, "foo", "/");
        assert_eq!(status.code, Code::PermissionDenied);
        assert_eq!(status.message, "exec: \"foo\": exec format error");
        let said = "\x1b[1;31m2026-01-02T03:04:05.678901Z: chdir `/w`: No such file or directory\x1b[0m\r\n";
        assert_eq!(code(said), Code::NotFound);
    }

    #[test]
    fn anything_else_is_internal() {
        let status = explain("a warning\nmount `x`: Permission denied", 1, "foo", "/");
        assert_eq!(status.code, Code::Internal);
        assert_eq!(status.message, "crun: mount `x`: Permission denied");
        let silent = explain("", 137, "foo", "/");
        assert_eq!(silent.code, Code::Internal);
        assert_eq!(
            silent.message,
            "crun ended with status 137 and said nothing"
        );
    }
}
