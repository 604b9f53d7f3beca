//! `crun exec`: a further process in a running container.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use super::{Crun, take_pid};
use crate::pipe::Stdio;
use crate::status::{Context, Result};

impl Crun {
    /// Starts the process that `process` describes. `scratch` is a path that nothing else uses; the
    /// files beside it are removed. Gives the process's id, or none if crun failed.
    pub async fn exec(
        &self,
        id: &str,
        process: &serde_json::Value,
        scratch: &Path,
        stdio: Stdio,
        console: Option<&Path>,
    ) -> Result<Option<u32>> {
        let description = scratch.with_extension("json");
        let pid = scratch.with_extension("pid");
        fs::write(&description, process.to_string())
            .context(|| format!("write {}", description.display()))?;
        let mut arguments: Vec<OsString> = vec![
            "exec".into(),
            "--detach".into(),
            "--process".into(),
            description.clone().into(),
            "--pid-file".into(),
            pid.clone().into(),
        ];
        if let Some(console) = console {
            arguments.extend([OsStr::new("--console-socket").into(), console.into()]);
        }
        arguments.push(id.into());
        let status = self.run(&arguments, stdio).await;
        let _ = fs::remove_file(&description);
        match status? {
            0 => take_pid(&pid).map(Some),
            _ => Ok(None),
        }
    }
}
