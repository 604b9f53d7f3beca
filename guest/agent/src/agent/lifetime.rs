//! The end of a machine whose time is over, whoever has made it and whatever became of them.

use std::rc::Rc;
use std::time::Duration;

use super::{Agent, destroy};
use crate::output_log::record;
use crate::ttrpc::body::Body;

/// How long the end of the containers may take before the machine ends without it.
const GRACE: Duration = Duration::from_secs(10);

/// Ends the machine when its time is over.
pub async fn keep(agent: Rc<Agent>) {
    let over = agent.sandbox.lifetime.over(&agent.output_log.heard).await;
    crate::debug!("phase lifetime over: {over:?}");
    let orderly = async {
        let mut record = record::head(record::OVER, record::MACHINE, "", 1);
        record.push(over as u8);
        agent.output_log.write(Body::raw(&record)).await;
        destroy::destroy_sandbox(&agent).await;
    };
    if tokio::time::timeout(GRACE, orderly).await.is_err() {
        crate::warning!("the sandbox does not end: its machine is ended");
    }
    agent.end().await;
}
