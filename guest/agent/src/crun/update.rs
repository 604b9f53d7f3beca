//! `crun update`: new limits.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::Crun;
use crate::pipe::read::{Read, read_available};
use crate::pipe::{self, Stdio};
use crate::status::{Context, Result, Status};

impl Crun {
    /// `scratch` is a file that nothing else uses; it is removed.
    pub async fn update(
        &self,
        id: &str,
        resources: &serde_json::Value,
        scratch: &Path,
    ) -> Result<()> {
        fs::write(scratch, resources.to_string())
            .context(|| format!("write {}", scratch.display()))?;
        let arguments: Vec<OsString> = vec![
            "update".into(),
            "--resources".into(),
            scratch.into(),
            id.into(),
        ];
        let (ends, pipes) = pipe::pipes(false, pipe::SIZE)?;
        let streams = Stdio {
            stderr: pipes.stderr,
            ..Stdio::default()
        };
        let status = self.run(&arguments, streams).await;
        let _ = fs::remove_file(scratch);
        if status? == 0 {
            return Ok(());
        }
        let said = match read_available(&ends.stderr, 4096, &[]) {
            Ok(Read::Data(body)) => String::from_utf8_lossy(body.bytes()).trim().to_owned(),
            _ => String::new(),
        };
        Err(Status::internal(format!("crun update: {said}")))
    }
}
