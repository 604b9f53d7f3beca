//! Devices of the machine, found by the addresses that the host gave them.

pub mod block;
pub mod container;
pub mod cpu;
pub mod pci;
pub mod scsi;
pub mod wait;
