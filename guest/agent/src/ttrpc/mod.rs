//! ttRPC: frames, messages, and the session of a client; what runs the calls is in server/.

pub mod body;
pub mod frame;
pub mod message;
pub mod session;
pub mod tail;
