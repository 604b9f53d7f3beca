//! The agent's log for a client that connects to read it.

use std::os::fd::OwnedFd;

use bytes::BytesMut;

use crate::log::tail::Reader;
use crate::transport::io::Io;

/// Sends lines until the client leaves; what it says is ignored.
pub async fn serve(socket: OwnedFd) {
    let (Some(mut lines), Ok(io)) = (Reader::new(), Io::stream(socket)) else {
        return;
    };
    let mut ignored = BytesMut::new();
    loop {
        ignored.clear();
        ignored.reserve(512);
        tokio::select! {
            text = lines.next() => if io.write_all(text.as_bytes()).await.is_err() { return },
            read = io.read(&mut ignored) => if matches!(read, Ok(0) | Err(_)) { return },
        }
    }
}
