//! The guest agent of virtcontainers; see README.md.

pub mod agent;
pub mod apart;
pub mod boot;
pub mod cgroup;
pub mod config;
pub mod crun;
pub mod device;
pub mod files;
pub mod flag;
pub mod id;
pub mod log;
pub mod log_port;
pub mod log_tail;
pub mod modules;
pub mod process;
pub mod proto;
pub mod ready;
pub mod run;
pub mod sandbox;
pub mod service;
pub mod spec;
pub mod status;
pub mod storage;
pub mod transport;
pub mod ttrpc;
pub mod user;
