//! config.json `linux.seccomp`.

use serde_json::Value;

use super::json::Object;
use crate::proto::grpc;

pub fn seccomp(seccomp: &grpc::LinuxSeccomp) -> Value {
    Object::default()
        .text("defaultAction", &seccomp.default_action)
        .texts("architectures", &seccomp.architectures)
        .texts("flags", &seccomp.flags)
        .list("syscalls", &seccomp.syscalls, syscall)
        .build()
}

fn syscall(syscall: &grpc::LinuxSyscall) -> Value {
    Object::default()
        .texts("names", &syscall.names)
        .text("action", &syscall.action)
        .nonzero("errnoRet", syscall.errnoret)
        .list("args", &syscall.args, |arg| {
            Object::default()
                .number("index", arg.index)
                .number("value", arg.value)
                .nonzero("valueTwo", arg.value_two)
                .text("op", &arg.op)
                .build()
        })
        .build()
}
