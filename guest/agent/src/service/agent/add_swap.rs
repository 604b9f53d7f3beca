//! AddSwap and AddSwapPath: a disk or file that takes pages the memory has no room for.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{Error, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::agent::Agent;
use crate::device::block;
use crate::proto::grpc::{AddSwapPathRequest, AddSwapRequest};
use crate::status::{Context, Result, Status};

/// The layout of `union swap_header` of linux/swap.h.
const VERSION_AT: usize = 1024;
const LAST_PAGE_AT: usize = 1028;
const MAGIC: &[u8; 10] = b"SWAPSPACE2";

pub async fn by_pci_path(agent: &Agent, request: AddSwapRequest) -> Result<()> {
    if request.pci_path.is_empty() {
        return Err(Status::invalid("PCIPath: empty"));
    }
    let slots = request.pci_path.iter().map(|slot| format!("{slot:02x}"));
    let path = slots.collect::<Vec<String>>().join("/");
    let node = block::by_pci_path(&agent.devices, &path).await?;
    add(Path::new(&node))
}

pub async fn by_path(agent: &Agent, request: AddSwapPathRequest) -> Result<()> {
    let path = &request.path;
    if !path.starts_with('/') || path.split('/').any(|part| part == "..") {
        let message = format!("path: {path:?} must be absolute, without ..");
        return Err(Status::invalid(message));
    }
    add(Path::new(&block::by_node(&agent.devices, path).await?))
}

fn add(path: &Path) -> Result<()> {
    let what = || format!("swap {}", path.display());
    let file = OpenOptions::new().read(true).write(true).open(path);
    write_header(&mut file.context(what)?)?;
    let name = CString::new(path.as_os_str().as_encoded_bytes()).context(what)?;
    // SAFETY: the path is a C string that outlives the call.
    match unsafe { libc::swapon(name.as_ptr(), 0) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()).context(what),
    }
}

/// Makes the whole of it swap space.
fn write_header(file: &mut File) -> Result<()> {
    let what = || "swap header";
    let page = rustix::param::page_size();
    let size = file.seek(SeekFrom::End(0)).context(what)?;
    let pages = size / page as u64;
    let last = u32::try_from(pages.saturating_sub(1)).unwrap_or(u32::MAX);
    if last < 9 {
        return Err(Status::invalid(format!(
            "swap: {size} bytes are too few, 10 pages are the least"
        )));
    }
    let mut header = vec![0u8; page];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(place) = header.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    };
    put(VERSION_AT, &1u32.to_ne_bytes());
    put(LAST_PAGE_AT, &last.to_ne_bytes());
    put(page - MAGIC.len(), MAGIC);
    file.write_all_at(&header, 0).context(what)?;
    file.sync_all().context(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_what_the_kernel_looks_for() {
        let mut file = tempfile::tempfile().unwrap();
        file.set_len(100 * 4096 + 17).unwrap();
        write_header(&mut file).unwrap();
        let mut header = [0; 4096];
        file.read_exact_at(&mut header, 0).unwrap();
        assert_eq!(header[4086..], *MAGIC);
        assert_eq!(header[1024..1032], [1, 0, 0, 0, 99, 0, 0, 0]);
        file.set_len(9 * 4096).unwrap();
        assert!(write_header(&mut file).is_err());
    }
}
