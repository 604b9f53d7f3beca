//! `crun create`: the container up to the point where its process waits to be started.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::{Crun, Started, take_pid};
use crate::pipe::Stdio;
use crate::status::Result;

impl Crun {
    /// Gives the container's init.
    pub async fn create(
        &self,
        id: &str,
        bundle: &Path,
        stdio: Stdio,
        console: Option<&Path>,
    ) -> Result<Started> {
        let pid = bundle.join("init.pid");
        let mut arguments: Vec<OsString> = vec![
            "create".into(),
            "--bundle".into(),
            bundle.into(),
            "--pid-file".into(),
            pid.clone().into(),
        ];
        if let Some(console) = console {
            arguments.extend([OsStr::new("--console-socket").into(), console.into()]);
        }
        arguments.push(id.into());
        match self.run(&arguments, stdio).await? {
            0 => take_pid(&pid).map(Started::Process),
            status => Ok(Started::Failed(status)),
        }
    }
}
