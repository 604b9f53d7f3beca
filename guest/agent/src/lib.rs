//! The guest agent of virtcontainers; see README.md. Which module may use which is in layers.txt.

pub mod agent;
pub mod async_fd;
pub mod blocking;
pub mod boot;
pub mod cgroup;
pub mod clock;
pub mod config;
pub mod crun;
pub mod device;
pub mod files;
pub mod id;
pub mod kernel_modules;
pub mod latch;
pub mod log;
pub mod network;
pub mod output_log;
pub mod pipe;
pub mod process;
pub mod proto;
pub mod reaper;
pub mod sandbox;
pub mod server;
pub mod service;
pub mod spec;
pub mod status;
pub mod storage;
pub mod transport;
pub mod ttrpc;
pub mod user;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");
