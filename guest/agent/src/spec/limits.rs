//! The limits of a container's own process, which hold for those that join it too.

use crate::proto::grpc::{PosixRlimit, Process};

#[derive(Clone, Debug, Default)]
pub struct Limits {
    rlimits: Vec<PosixRlimit>,
    oom_score_adj: i64,
}

impl Limits {
    pub fn of(process: &Process) -> Limits {
        Limits {
            rlimits: process.rlimits.clone(),
            oom_score_adj: process.oom_score_adj,
        }
    }

    /// For what the process does not say itself.
    pub fn apply(&self, process: &mut Process) {
        for limit in &self.rlimits {
            if !process.rlimits.iter().any(|own| own.r#type == limit.r#type) {
                process.rlimits.push(limit.clone());
            }
        }
        if process.oom_score_adj == 0 {
            process.oom_score_adj = self.oom_score_adj;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_says_itself_holds() {
        let limit = |kind: &str, hard| PosixRlimit {
            r#type: kind.to_owned(),
            hard,
            soft: hard,
        };
        let process = |rlimits: Vec<PosixRlimit>, score: i64| Process {
            rlimits,
            oom_score_adj: score,
            ..Process::default()
        };
        let limits = Limits::of(&process(vec![limit("A", 1), limit("B", 2)], 500));
        let mut joining = process(vec![limit("A", 3)], 0);
        limits.apply(&mut joining);
        assert_eq!(joining.rlimits, [limit("A", 3), limit("B", 2)]);
        assert_eq!(joining.oom_score_adj, 500);
        let mut own = process(vec![], -5);
        limits.apply(&mut own);
        assert_eq!(own.oom_score_adj, -5);
    }
}
