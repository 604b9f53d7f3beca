//! A log on a small disk, for a VMM whose ports append to no file.
//!
//! The host writes a header into the first block: [`MAGIC`], the size of the whole disk in bytes as a
//! decimal number, a line feed, zeros. Records follow from the second block on, as they would stand in
//! a file; the rest is zeros. They are written in whole blocks past the guest's cache, so that they
//! are in the host's file at once, and in such an order that a record's beginning is there last.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::ptr::NonNull;

/// What a disk without it is not written to.
pub const MAGIC: &[u8] = b"VIRTCLOGDISK1\n";
pub const BLOCK: usize = 512;
/// What is written at once, at most; a record is no longer.
const ROOM: usize = 128 << 10;
/// Memory that goes to a disk directly stands at such a place, whatever the size of its blocks.
const ALIGNMENT: usize = 4096;

pub struct Disk {
    file: File,
    buffer: Buffer,
    /// Of the whole disk, in bytes.
    size: u64,
    /// Where the next record goes.
    end: u64,
}

impl Disk {
    /// Refuses what has no header.
    pub fn open(path: &Path) -> Result<Disk> {
        let direct = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_DIRECT)
            .open(path);
        // A file system in memory has no other way; there a write is done when it is made.
        let file = match direct {
            Err(error) if error.kind() == ErrorKind::InvalidInput => OpenOptions::new()
                .read(true)
                .write(true)
                .custom_flags(libc::O_DSYNC)
                .open(path)?,
            result => result?,
        };
        let mut buffer = Buffer::new();
        let head = buffer.first(BLOCK);
        file.read_exact_at(head, 0)?;
        let size = size(head).ok_or_else(|| {
            Error::new(ErrorKind::InvalidData, "the disk does not begin as a log's")
        })?;
        let there = rustix::fs::seek(&file, rustix::fs::SeekFrom::End(0))?;
        if size > there {
            let message = format!("the disk has {there} bytes, less than its header tells");
            return Err(Error::new(ErrorKind::InvalidData, message));
        }
        buffer.first(BLOCK).fill(0);
        Ok(Disk {
            file,
            buffer,
            size: size / BLOCK as u64 * BLOCK as u64,
            end: BLOCK as u64,
        })
    }

    /// Bytes of records that fit on the whole disk.
    pub fn room(&self) -> u64 {
        self.size.saturating_sub(BLOCK as u64)
    }

    /// Writes a record behind the last one; StorageFull if it does not fit.
    pub fn append(&mut self, record: &[u8]) -> Result<()> {
        if record.is_empty() {
            return Ok(());
        }
        let kept = (self.end % BLOCK as u64) as usize;
        let start = self.end - kept as u64;
        let length = kept + record.len();
        let whole = length.next_multiple_of(BLOCK);
        if start + whole as u64 > self.size || whole > ROOM {
            return Err(Error::from(ErrorKind::StorageFull));
        }
        let blocks = self.buffer.first(whole);
        blocks[kept..length].copy_from_slice(record);
        blocks[length..].fill(0);
        // The block with the beginning comes last: until then the record is not there.
        let (first, rest) = blocks.split_at(BLOCK);
        if !rest.is_empty() {
            self.file.write_all_at(rest, start + BLOCK as u64)?;
        }
        self.file.write_all_at(first, start)?;
        // What the next record's block begins with.
        let last = length / BLOCK * BLOCK;
        blocks.copy_within(last..length, 0);
        self.end += record.len() as u64;
        Ok(())
    }
}

/// The size that a header tells.
fn size(head: &[u8]) -> Option<u64> {
    let rest = head.strip_prefix(MAGIC)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (digits, zeros) = rest.split_at(end);
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let zeros = zeros.iter().skip(1).all(|byte| *byte == 0);
    (plain && zeros).then_some(())?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Memory for blocks.
struct Buffer(NonNull<u8>);

// SAFETY: it alone has the memory.
unsafe impl Send for Buffer {}

impl Buffer {
    fn layout() -> Layout {
        // SAFETY: the alignment is a power of two, and the size a small multiple of it.
        unsafe { Layout::from_size_align_unchecked(ROOM, ALIGNMENT) }
    }

    fn new() -> Buffer {
        // SAFETY: the layout has a size.
        let memory = unsafe { alloc_zeroed(Buffer::layout()) };
        match NonNull::new(memory) {
            Some(memory) => Buffer(memory),
            None => std::alloc::handle_alloc_error(Buffer::layout()),
        }
    }

    /// The first bytes, at most all there are.
    fn first(&mut self, length: usize) -> &mut [u8] {
        // SAFETY: so many bytes at least were allocated and set, and nobody else has them.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_ptr(), length.min(ROOM)) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.0.as_ptr(), Buffer::layout()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(bytes: u64, header: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(bytes).unwrap();
        file.as_file().write_all_at(header.as_bytes(), 0).unwrap();
        file
    }

    #[test]
    fn records_follow_the_header_without_a_gap() {
        let file = disk(1 << 20, "VIRTCLOGDISK1\n1048576\n");
        let mut disk = Disk::open(file.path()).unwrap();
        assert_eq!(disk.room(), (1 << 20) - 512);
        let mut expected = Vec::new();
        for length in [1, 510, 1, 511, 512, 513, 1024, 70_000, 22, 22] {
            let record = vec![(expected.len() % 250 + 1) as u8; length];
            disk.append(&record).unwrap();
            expected.extend(record);
            let mut written = vec![0; (1 << 20) - BLOCK];
            file.as_file()
                .read_exact_at(&mut written, BLOCK as u64)
                .unwrap();
            assert_eq!(written[..expected.len()], expected);
            assert!(written[expected.len()..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn it_stops_at_the_end_of_the_disk() {
        let file = disk(2000, "VIRTCLOGDISK1\n1600\n");
        let mut disk = Disk::open(file.path()).unwrap();
        assert_eq!(disk.room(), 1024);
        disk.append(&[7; 1000]).unwrap();
        let error = disk.append(&[8; 25]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        disk.append(&[9; 24]).unwrap();
        assert_eq!(
            disk.append(&[1]).unwrap_err().kind(),
            ErrorKind::StorageFull
        );
        assert_eq!(file.as_file().metadata().unwrap().len(), 2000);
    }

    #[test]
    fn a_disk_that_is_no_log_is_not_written_to() {
        for header in [
            "",
            "VIRTCLOGDISK1\n",
            "VIRTCLOGDISK1\n\n",
            "VIRTCLOGDISK1\n4096",
            "VIRTCLOGDISK1\n+4096\n",
            "VIRTCLOGDISK1\n4097\n",
            "VIRTCLOGDISK1\n4096\nx",
            "VIRTCLOGDISK2\n4096\n",
            "VIRTCLOGDISK1\n99999999999999999999999\n",
        ] {
            let file = disk(4096, header);
            let before = std::fs::read(file.path()).unwrap();
            assert!(Disk::open(file.path()).is_err(), "{header:?}");
            assert_eq!(std::fs::read(file.path()).unwrap(), before);
        }
        assert!(Disk::open(disk(100, "").path()).is_err());
    }
}
