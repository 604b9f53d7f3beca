//! config.json `hooks`: programs of the guest, run by crun.

use serde_json::Value;

use super::json::Object;
use crate::proto::grpc;

pub fn hooks(hooks: &grpc::Hooks) -> Value {
    Object::default()
        .list("prestart", &hooks.prestart, hook)
        .list("createRuntime", &hooks.create_runtime, hook)
        .list("createContainer", &hooks.create_container, hook)
        .list("startContainer", &hooks.start_container, hook)
        .list("poststart", &hooks.poststart, hook)
        .list("poststop", &hooks.poststop, hook)
        .build()
}

fn hook(hook: &grpc::Hook) -> Value {
    Object::default()
        .text("path", &hook.path)
        .texts("args", &hook.args)
        .texts("env", &hook.env)
        .nonzero("timeout", hook.timeout)
        .build()
}
