//! config.json `linux.devices` and `linux.resources.devices`.

use serde_json::Value;

use super::json::Object;
use crate::proto::grpc;

pub fn device(device: &grpc::LinuxDevice) -> Value {
    Object::default()
        .text("path", &device.path)
        .text("type", &device.r#type)
        .number("major", device.major)
        .number("minor", device.minor)
        .nonzero("fileMode", device.file_mode)
        .number("uid", device.uid)
        .number("gid", device.gid)
        .build()
}

/// A rule; major and minor of -1, or both 0, stand for any.
pub fn rule(rule: &grpc::LinuxDeviceCgroup) -> Value {
    let any = rule.major == 0 && rule.minor == 0;
    let number = |number: i64| (number >= 0 && !any).then(|| Value::from(number));
    let kind = match rule.r#type.as_str() {
        "" => "a",
        kind => kind,
    };
    Object::default()
        .value("allow", Some(Value::Bool(rule.allow)))
        .text("type", kind)
        .value("major", number(rule.major))
        .value("minor", number(rule.minor))
        .text("access", &rule.access)
        .build()
}
