//! config.json `mounts`.

use serde_json::Value;

use super::json::Object;
use crate::proto::grpc;

pub fn mount(mount: &grpc::Mount) -> Value {
    Object::default()
        .text("destination", &mount.destination)
        .text("source", &mount.source)
        .text("type", &mount.r#type)
        .texts("options", &mount.options)
        .build()
}
