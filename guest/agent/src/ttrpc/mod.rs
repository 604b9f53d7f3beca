//! A ttRPC server: frames, messages, and sessions that run calls concurrently.

pub mod body;
pub mod dispatch;
pub mod frame;
pub mod message;
pub mod session;
pub mod tail;
