//! SetGuestDateTime.

use rustix::time::{ClockId, Timespec, clock_settime};

use crate::proto::grpc::SetGuestDateTimeRequest;
use crate::status::{Context, Result, Status};

pub fn call(request: SetGuestDateTimeRequest) -> Result<()> {
    if !(0..1_000_000).contains(&request.usec) {
        let message = format!("Usec: {} is not between 0 and 999999", request.usec);
        return Err(Status::invalid(message));
    }
    let time = Timespec {
        tv_sec: request.sec,
        tv_nsec: request.usec * 1000,
    };
    clock_settime(ClockId::Realtime, time).context(|| "set the clock")
}
