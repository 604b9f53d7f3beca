//! The log as lines of JSON, for clients that connect to read it: the last lines, then those that come.

use std::collections::VecDeque;
use std::fmt::Arguments;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use tokio::sync::Notify;

use crate::VERSION;
use crate::log::Level;

/// So many bytes are kept for a client that comes later, or reads slowly.
const KEPT: usize = 64 << 10;

static TAIL: OnceLock<Tail> = OnceLock::new();

#[derive(Default)]
struct Tail {
    lines: Mutex<Lines>,
    changed: Notify,
}

#[derive(Default)]
struct Lines {
    kept: VecDeque<String>,
    bytes: usize,
    /// The number of the first line that is kept.
    first: u64,
}

/// Keeps lines from now on.
pub fn start() {
    TAIL.get_or_init(Tail::default);
}

pub fn add(level: Level, message: Arguments<'_>) {
    if let Some(tail) = TAIL.get() {
        tail.lines().add(line(level, message));
        tail.changed.notify_waiters();
    }
}

/// A place in the log from which lines are taken as they come.
pub struct Reader {
    tail: &'static Tail,
    next: u64,
}

impl Reader {
    /// From the oldest line that is kept; none where no lines are kept.
    pub fn new() -> Option<Reader> {
        let tail = TAIL.get()?;
        let next = tail.lines().first;
        Some(Reader { tail, next })
    }

    /// The next lines, waited for until there are some.
    pub async fn next(&mut self) -> String {
        loop {
            let changed = self.tail.changed.notified();
            let text = self.tail.lines().since(&mut self.next);
            if !text.is_empty() {
                return text;
            }
            changed.await;
        }
    }
}

impl Tail {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn add(&mut self, line: String) {
        self.bytes += line.len();
        self.kept.push_back(line);
        while self.bytes > KEPT
            && let Some(dropped) = self.kept.pop_front()
        {
            self.bytes -= dropped.len();
            self.first += 1;
        }
    }

    /// The lines from number `next` on, which then is that of the line to come; what is lost is told.
    fn since(&self, next: &mut u64) -> String {
        let lost = self.first.saturating_sub(*next);
        let mut text = match lost {
            0 => String::new(),
            _ => line(
                Level::Warn,
                format_args!("{lost} lines of the log are lost"),
            ),
        };
        let skipped = usize::try_from(next.saturating_sub(self.first)).unwrap_or(usize::MAX);
        text.extend(self.kept.iter().skip(skipped).map(String::as_str));
        *next = self.first + self.kept.len() as u64;
        text
    }
}

fn line(level: Level, message: Arguments<'_>) -> String {
    let line = json!({
        "level": level.name(),
        "ts": timestamp(),
        "name": "virtc-agent",
        "version": VERSION,
        "pid": std::process::id().to_string(),
        "msg": message.to_string(),
    });
    format!("{line}\n")
}

/// The time of day as RFC 3339 has it.
fn timestamp() -> String {
    let now = clock_gettime(ClockId::Realtime);
    // SAFETY: tm is plain data, for which all zeros is a value.
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid.
    unsafe { libc::gmtime_r(&raw const now.tv_sec, &raw mut parts) };
    let (year, month) = (parts.tm_year + 1900, parts.tm_mon + 1);
    let (day, hour, minute) = (parts.tm_mday, parts.tm_hour, parts.tm_min);
    let (second, micros) = (parts.tm_sec, now.tv_nsec / 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_lines_and_tells_what_is_lost() {
        let mut lines = Lines::default();
        let mut next = 0;
        lines.add("a\n".to_owned());
        lines.add("b\n".to_owned());
        assert_eq!(lines.since(&mut next), "a\nb\n");
        assert_eq!((lines.since(&mut next).as_str(), next), ("", 2));
        for _ in 0..3 {
            lines.add("x".repeat(KEPT / 2));
        }
        let text = lines.since(&mut next);
        assert!(text.contains("1 lines of the log are lost"), "{text:.200}");
        assert_eq!(next, 5);
        assert!(lines.bytes <= KEPT);
    }
}
