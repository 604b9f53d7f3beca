//! /proc/PID/stat, as far as it is told.

use rustix::process::Pid;

use super::proc_dir::ProcDir;

/// More of the file is not read.
pub const LONGEST: u64 = 64 << 10;

/// When a process started, in ticks since boot: with its pid it names no other one.
pub fn start_ticks(pid: Pid) -> Option<u64> {
    let pid = u32::try_from(pid.as_raw_nonzero().get()).ok()?;
    Some(Stat::of(pid)?.start)
}

pub struct Stat {
    pub comm: String,
    pub state: String,
    pub ppid: u32,
    pub tty: u64,
    pub cpu: u64,
    pub threads: u32,
    pub start: u64,
    pub vsize: u64,
    pub rss_pages: u64,
}

impl Stat {
    /// That of whichever process has the id.
    pub fn of(pid: u32) -> Option<Stat> {
        Stat::parse(&ProcDir::open(pid).ok()?.text("stat", LONGEST).ok()?)
    }

    /// The name stands in parentheses and may itself have some.
    pub fn parse(text: &str) -> Option<Stat> {
        let comm = text.get(text.find('(')? + 1..text.rfind(')')?)?;
        let rest = text.get(text.rfind(')')? + 1..)?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // The state, which stands first, is the third field of the file.
        let field = |number: usize| fields.get(number - 3).copied();
        let number = |place: usize| field(place)?.parse::<u64>().ok();
        Some(Stat {
            comm: comm.to_owned(),
            state: field(3)?.to_owned(),
            ppid: field(4)?.parse().ok()?,
            tty: number(7)?,
            cpu: number(14)?.saturating_add(number(15)?),
            threads: field(20)?.parse().ok()?,
            start: number(22)?,
            vsize: number(23)?,
            rss_pages: number(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_parentheses_and_spaces() {
        let text = "7 (a) b (c) S 1 7 7 34819 7 4 0 0 0 0 12 3 0 0 20 0 2 0 500 4096 3 x";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.comm.as_str(), stat.state.as_str()), ("a) b (c", "S"));
        assert_eq!((stat.ppid, stat.cpu, stat.threads), (1, 15, 2));
        assert_eq!((stat.start, stat.vsize, stat.rss_pages), (500, 4096, 3));
        assert_eq!(stat.tty, 34819);
        for text in ["", "7 (a", "7 )a(", "7 (a) S 1", "7 (a) S x 7 7 0"] {
            assert!(Stat::parse(text).is_none(), "{text}");
        }
    }
}
