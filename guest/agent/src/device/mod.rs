//! Devices of the machine, found by the addresses that the host gave them.

pub mod address;
pub mod block;
pub mod ccw;
pub mod container;
pub mod cpu;
pub mod pci;
pub mod scsi;
pub mod wait;
