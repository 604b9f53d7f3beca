//! Records of the log: the output of processes that nobody reads, and what became of containers.
//!
//! Little-endian: u32 magic, u8 version, u8 stream, u8 container id length, u8 exec id length, u64
//! unix time in ns, u32 payload length, then container id, exec id, payload.

use crate::clock;

const MAGIC: u32 = 0x474c_4356;
const VERSION: u8 = 1;
pub const MAX_PAYLOAD: usize = 64 << 10;

pub const STDOUT: u8 = 1;
pub const STDERR: u8 = 2;
/// The process's end; the payload is its exit status, an i32.
pub const END: u8 = 3;
/// The container ran out of memory; there is no payload.
pub const OOM: u8 = 4;
/// The machine ends by itself; the payload is one byte: 1, its time is over, 2, nobody has used it.
pub const OVER: u8 = 5;
/// Stands for a container's id in records that are about the machine.
pub const MACHINE: &str = "machine";
/// The container works, or does so no more; the payload is its health, one byte as of the protocol.
pub const HEALTH: u8 = 6;

/// The bytes of a record that stand before a payload of `length` bytes, which may be set later.
pub fn head(stream: u8, container_id: &str, exec_id: &str, length: u32) -> Vec<u8> {
    let mut head = Vec::with_capacity(20 + container_id.len() + exec_id.len());
    head.extend(MAGIC.to_le_bytes());
    head.extend([
        VERSION,
        stream,
        container_id.len() as u8,
        exec_id.len() as u8,
    ]);
    head.extend(clock::now_ns().to_le_bytes());
    head.extend(length.to_le_bytes());
    head.extend(container_id.as_bytes());
    head.extend(exec_id.as_bytes());
    head
}

/// Sets the payload length of a record that begins `record`.
pub fn set_length(record: &mut [u8], length: u32) {
    if let Some(field) = record.get_mut(16..20) {
        field.copy_from_slice(&length.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_agreed_one() {
        let mut record = head(STDERR, "web", "x1", 0);
        record.extend(b"hello");
        set_length(&mut record, 5);
        assert_eq!(record[..8], *b"VCLG\x01\x02\x03\x02");
        let nanos = u64::from_le_bytes(record[8..16].try_into().unwrap());
        assert!(nanos > 1_000_000_000_000_000_000);
        assert_eq!(record[16..], *b"\x05\0\0\0webx1hello");
    }
}
