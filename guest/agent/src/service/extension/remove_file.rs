//! RemoveFile: what CopyFile has made is gone from the host.

use crate::agent::Agent;
use crate::proto::virtcontainers::RemoveFileRequest;
use crate::service::agent::copy_file;
use crate::status::Result;

pub async fn call(agent: &Agent, request: RemoveFileRequest) -> Result<()> {
    copy_file::remove(agent, request.path).await
}
