//! The time of day.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since 1970.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}
