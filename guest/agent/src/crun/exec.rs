//! `crun exec`: a further process in a running container.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use super::inherited::Inherited;
use super::{Crun, Started, take_pid};
use crate::pipe::Stdio;
use crate::status::{Context, Result};

/// What is to be started, and how.
pub struct Exec<'a> {
    /// As config.json has it.
    pub process: &'a serde_json::Value,
    /// A path that nothing else uses; the files beside it are removed.
    pub scratch: &'a Path,
    pub stdio: Stdio,
    /// The socket to which the terminal is sent.
    pub console: Option<&'a Path>,
    pub inherited: Inherited,
}

impl Crun {
    pub async fn exec(&self, id: &str, wanted: Exec<'_>) -> Result<Started> {
        let Exec {
            process,
            scratch,
            stdio,
            console,
            inherited,
        } = wanted;
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
        let status = self
            .run_inheriting(&arguments, stdio, Some(inherited))
            .await;
        let _ = fs::remove_file(&description);
        match status? {
            0 => take_pid(&pid).map(Started::Process),
            status => {
                let _ = fs::remove_file(&pid);
                Ok(Started::Failed(status))
            }
        }
    }
}
