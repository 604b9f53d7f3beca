//! Who a process runs as: names are looked up in the container's own files.

pub mod database;
pub mod resolve;
