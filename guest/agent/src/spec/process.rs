//! config.json `process`; also what `crun exec` is given.

use serde_json::Value;

use super::json::Object;
use crate::proto::grpc;

pub fn process(process: &grpc::Process) -> Value {
    let size = process.console_size.as_ref().map(|size| {
        Object::default()
            .number("height", size.height)
            .number("width", size.width)
            .build()
    });
    let cwd = match process.cwd.as_str() {
        "" => "/",
        cwd => cwd,
    };
    // The agent's own score must not pass to containers, so it is always said.
    Object::default()
        .flag("terminal", process.terminal)
        .value("consoleSize", size)
        .value("user", Some(user(process.user.as_ref())))
        .texts("args", &process.args)
        .texts("env", &process.env)
        .text("cwd", cwd)
        .value(
            "capabilities",
            process.capabilities.as_ref().map(capabilities),
        )
        .list("rlimits", &process.rlimits, |limit| {
            Object::default()
                .text("type", &limit.r#type)
                .number("hard", limit.hard)
                .number("soft", limit.soft)
                .build()
        })
        .flag("noNewPrivileges", process.no_new_privileges)
        .text("apparmorProfile", &process.apparmor_profile)
        .number("oomScoreAdj", process.oom_score_adj)
        .text("selinuxLabel", &process.selinux_label)
        .build()
}

fn user(user: Option<&grpc::User>) -> Value {
    let (uid, gid) = user.map_or((0, 0), |user| (user.uid, user.gid));
    let additional = user.map_or(&[][..], |user| &user.additional_gids);
    Object::default()
        .number("uid", uid)
        .number("gid", gid)
        .list("additionalGids", additional, |gid| Value::from(*gid))
        .build()
}

/// Every set is said, since an absent one means none to the caller and something else to crun.
fn capabilities(capabilities: &grpc::LinuxCapabilities) -> Value {
    let set = |names: &[String]| Some(Value::from(names.to_vec()));
    Object::default()
        .value("bounding", set(&capabilities.bounding))
        .value("effective", set(&capabilities.effective))
        .value("inheritable", set(&capabilities.inheritable))
        .value("permitted", set(&capabilities.permitted))
        .value("ambient", set(&capabilities.ambient))
        .build()
}
