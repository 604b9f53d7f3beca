//! Whether a container works: the command that is run to learn it, and what came of it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use crate::proto::virtcontainers::{
    HealthResult, HealthState, HealthStatus, SetHealthCheckRequest,
};

/// How many results are kept.
const RESULTS: usize = 5;
/// Of what a command says no more is kept, in bytes.
pub const LONGEST_OUTPUT: usize = 4096;
/// No command is run more often than this.
const SHORTEST: Duration = Duration::from_millis(100);

/// How it is looked at.
#[derive(Clone, Debug)]
pub struct Settings {
    pub args: Vec<String>,
    pub interval: Duration,
    pub timeout: Duration,
    pub start_period: Duration,
    pub start_interval: Duration,
    pub retries: u32,
}

impl Settings {
    /// None where there is no command.
    pub fn of(request: SetHealthCheckRequest) -> Option<Settings> {
        let time = |ms: u64| Duration::from_millis(ms.min(u64::from(u32::MAX)));
        (!request.args.is_empty()).then(|| Settings {
            args: request.args,
            interval: time(request.interval_ms).max(SHORTEST),
            timeout: time(request.timeout_ms).max(SHORTEST),
            start_period: time(request.start_period_ms),
            start_interval: time(request.start_interval_ms).max(SHORTEST),
            retries: request.retries.max(1),
        })
    }
}

/// What came of one run.
pub struct Outcome {
    pub began_at_ns: u64,
    pub ended_at_ns: u64,
    /// -1: it could not be run, or took too long.
    pub exit_code: i32,
    pub output: String,
}

pub struct Health {
    pub settings: Settings,
    status: Cell<HealthStatus>,
    streak: Cell<u32>,
    outcomes: RefCell<VecDeque<Outcome>>,
}

impl Health {
    pub fn new(settings: Settings) -> Health {
        Health {
            settings,
            status: Cell::new(HealthStatus::Starting),
            streak: Cell::default(),
            outcomes: RefCell::default(),
        }
    }

    /// The container is started, once more perhaps.
    pub fn reset(&self) {
        self.status.set(HealthStatus::Starting);
        self.streak.set(0);
        self.outcomes.borrow_mut().clear();
    }

    /// How long until the next run, when the container has been up for so long.
    pub fn pause(&self, up: Duration) -> Duration {
        match self.is_starting(up) {
            true => self.settings.start_interval,
            false => self.settings.interval,
        }
    }

    fn is_starting(&self, up: Duration) -> bool {
        self.status.get() == HealthStatus::Starting && up < self.settings.start_period
    }

    /// Counts a run that ended when the container had been up for so long. Gives the status if it is another now.
    pub fn add(&self, outcome: Outcome, up: Duration) -> Option<HealthStatus> {
        let before = self.status.get();
        if outcome.exit_code == 0 {
            self.streak.set(0);
            self.status.set(HealthStatus::Healthy);
        } else if !self.is_starting(up) {
            self.streak.set(self.streak.get().saturating_add(1));
            if self.streak.get() >= self.settings.retries {
                self.status.set(HealthStatus::Unhealthy);
            }
        }
        let mut outcomes = self.outcomes.borrow_mut();
        outcomes.push_back(outcome);
        while outcomes.len() > RESULTS {
            outcomes.pop_front();
        }
        (self.status.get() != before).then(|| self.status.get())
    }

    /// As the host is told.
    pub fn state(&self) -> HealthState {
        let result = |outcome: &Outcome| HealthResult {
            began_at_ns: outcome.began_at_ns,
            ended_at_ns: outcome.ended_at_ns,
            exit_code: outcome.exit_code,
            output: outcome.output.clone(),
        };
        HealthState {
            status: self.status.get() as i32,
            failing_streak: self.streak.get(),
            results: self.outcomes.borrow().iter().map(result).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(start_period_ms: u64) -> Health {
        let settings = Settings::of(SetHealthCheckRequest {
            args: vec!["true".to_owned()],
            interval_ms: 30_000,
            timeout_ms: 1,
            start_period_ms,
            start_interval_ms: 5_000,
            retries: 2,
            ..SetHealthCheckRequest::default()
        });
        Health::new(settings.unwrap())
    }

    fn ended(exit_code: i32) -> Outcome {
        Outcome {
            began_at_ns: 1,
            ended_at_ns: 2,
            exit_code,
            output: String::new(),
        }
    }

    const LATE: Duration = Duration::from_secs(60);

    #[test]
    fn it_is_unhealthy_after_so_many_failures_in_a_row_and_healthy_after_one_success() {
        let health = health(0);
        assert_eq!(health.add(ended(1), LATE), None);
        assert_eq!(health.add(ended(0), LATE), Some(HealthStatus::Healthy));
        assert_eq!(health.add(ended(-1), LATE), None);
        assert_eq!(health.add(ended(1), LATE), Some(HealthStatus::Unhealthy));
        assert_eq!(health.add(ended(1), LATE), None);
        assert_eq!(health.state().failing_streak, 3);
        assert_eq!(health.add(ended(0), LATE), Some(HealthStatus::Healthy));
        assert_eq!(health.state().failing_streak, 0);
        health.reset();
        assert_eq!(health.state().results.len(), 0);
    }

    #[test]
    fn failures_while_it_starts_do_not_count_and_are_looked_for_more_often() {
        let health = health(10_000);
        let early = Duration::from_secs(1);
        assert_eq!(health.pause(early), Duration::from_secs(5));
        for _ in 0..9 {
            assert_eq!(health.add(ended(1), early), None);
        }
        let state = health.state();
        assert_eq!((state.failing_streak, state.results.len()), (0, RESULTS));
        assert_eq!(health.pause(LATE), Duration::from_secs(30));
        assert_eq!(health.add(ended(0), early), Some(HealthStatus::Healthy));
        assert_eq!(health.pause(early), Duration::from_secs(30));
        assert_eq!(health.add(ended(1), early), None);
        assert_eq!(health.state().failing_streak, 1);
    }

    #[test]
    fn no_command_is_no_check_and_no_time_is_too_short() {
        assert!(Settings::of(SetHealthCheckRequest::default()).is_none());
        assert_eq!(health(0).settings.timeout, SHORTEST);
    }
}
