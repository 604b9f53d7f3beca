use serde_json::json;

use super::*;
use crate::proto::grpc::*;
use crate::spec::namespaces::Pids;

fn texts(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn full_process() -> Process {
    Process {
        terminal: true,
        console_size: Some(crate::proto::grpc::Box {
            height: 24,
            width: 80,
        }),
        user: Some(User {
            uid: 1,
            gid: 2,
            additional_gids: vec![3],
            username: String::new(),
        }),
        args: texts(&["sh"]),
        env: texts(&["A=b"]),
        cwd: "/w".to_owned(),
        capabilities: Some(LinuxCapabilities {
            bounding: texts(&["CAP_KILL"]),
            ..LinuxCapabilities::default()
        }),
        rlimits: vec![PosixRlimit {
            r#type: "RLIMIT_NOFILE".to_owned(),
            hard: 9,
            soft: 0,
        }],
        no_new_privileges: true,
        apparmor_profile: "p".to_owned(),
        oom_score_adj: -5,
        selinux_label: "l".to_owned(),
    }
}

#[test]
fn every_field_of_a_process() {
    let expected = json!({
        "terminal": true, "consoleSize": { "height": 24, "width": 80 },
        "user": { "uid": 1, "gid": 2, "additionalGids": [3] },
        "args": ["sh"], "env": ["A=b"], "cwd": "/w",
        "capabilities": { "bounding": ["CAP_KILL"], "effective": [], "inheritable": [], "permitted": [], "ambient": [] },
        "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 9, "soft": 0 }],
        "noNewPrivileges": true, "apparmorProfile": "p", "oomScoreAdj": -5, "selinuxLabel": "l",
    });
    assert_eq!(process::process(&full_process()), expected);
    let least = json!({ "user": { "uid": 0, "gid": 0 }, "cwd": "/", "oomScoreAdj": 0 });
    assert_eq!(process::process(&Process::default()), least);
}

#[test]
fn every_field_of_the_resources() {
    let rate = LinuxThrottleDevice {
        major: 8,
        minor: 1,
        rate: 100,
    };
    let weight = LinuxWeightDevice {
        major: 8,
        minor: 0,
        weight: 10,
        leaf_weight: 0,
    };
    let given = LinuxResources {
        devices: vec![
            LinuxDeviceCgroup {
                allow: false,
                access: "rwm".to_owned(),
                ..LinuxDeviceCgroup::default()
            },
            LinuxDeviceCgroup {
                allow: true,
                r#type: "c".to_owned(),
                major: 1,
                minor: -1,
                access: "r".to_owned(),
            },
        ],
        memory: Some(LinuxMemory {
            limit: 1,
            reservation: 2,
            swap: -1,
            kernel: 4,
            kernel_tcp: 5,
            swappiness: 6,
            disable_oom_killer: true,
        }),
        cpu: Some(LinuxCpu {
            shares: 1,
            quota: -1,
            period: 3,
            realtime_runtime: 4,
            realtime_period: 5,
            cpus: "0-1".to_owned(),
            mems: "0".to_owned(),
        }),
        pids: Some(LinuxPids { limit: 7 }),
        block_io: Some(LinuxBlockIo {
            weight: 10,
            leaf_weight: 0,
            weight_device: vec![weight],
            throttle_read_bps_device: vec![rate],
            throttle_write_bps_device: vec![rate],
            throttle_read_iops_device: vec![rate],
            throttle_write_iops_device: vec![rate],
        }),
        hugepage_limits: vec![LinuxHugepageLimit {
            pagesize: "2MB".to_owned(),
            limit: 0,
        }],
        network: Some(LinuxNetwork {
            class_id: 1,
            priorities: vec![LinuxInterfacePriority {
                name: "eth0".to_owned(),
                priority: 2,
            }],
        }),
    };
    let rates = json!([{ "major": 8, "minor": 1, "rate": 100 }]);
    let expected = json!({
        "devices": [
            { "allow": false, "type": "a", "access": "rwm" },
            { "allow": true, "type": "c", "major": 1, "access": "r" },
        ],
        "memory": { "limit": 1, "reservation": 2, "swap": -1, "kernel": 4, "kernelTCP": 5, "swappiness": 6, "disableOOMKiller": true },
        "cpu": { "shares": 1, "quota": -1, "period": 3, "realtimeRuntime": 4, "realtimePeriod": 5, "cpus": "0-1", "mems": "0" },
        "pids": { "limit": 7 },
        "blockIO": {
            "weight": 10, "weightDevice": [{ "major": 8, "minor": 0, "weight": 10 }],
            "throttleReadBpsDevice": rates, "throttleWriteBpsDevice": rates,
            "throttleReadIOPSDevice": rates, "throttleWriteIOPSDevice": rates,
        },
        "hugepageLimits": [{ "pageSize": "2MB", "limit": 0 }],
        "network": { "classID": 1, "priorities": [{ "name": "eth0", "priority": 2 }] },
    });
    assert_eq!(resources::resources(&given), expected);
    assert_eq!(resources::resources(&LinuxResources::default()), json!({}));
    let empty = LinuxResources {
        network: Some(LinuxNetwork::default()),
        ..LinuxResources::default()
    };
    assert_eq!(resources::resources(&empty), json!({}));
}

#[test]
fn every_other_field_of_linux() {
    let id = LinuxIdMapping {
        host_id: 1,
        container_id: 0,
        size: 10,
    };
    let given = Linux {
        uid_mappings: vec![id],
        gid_mappings: vec![id],
        sysctl: [("vm.x".to_owned(), "1".to_owned())].into(),
        resources: None,
        cgroups_path: "/virtc/a".to_owned(),
        namespaces: vec![LinuxNamespace {
            r#type: "pid".to_owned(),
            path: String::new(),
        }],
        devices: vec![LinuxDevice {
            path: "/dev/x".to_owned(),
            r#type: "c".to_owned(),
            major: 1,
            minor: 3,
            file_mode: 0o660,
            uid: 0,
            gid: 5,
        }],
        seccomp: Some(LinuxSeccomp {
            default_action: "SCMP_ACT_ERRNO".to_owned(),
            architectures: texts(&["SCMP_ARCH_X86_64"]),
            flags: vec![],
            syscalls: vec![LinuxSyscall {
                names: texts(&["read"]),
                action: "SCMP_ACT_ALLOW".to_owned(),
                errnoret: 1,
                args: vec![LinuxSeccompArg {
                    index: 0,
                    value: 2,
                    value_two: 3,
                    op: "SCMP_CMP_EQ".to_owned(),
                }],
            }],
        }),
        rootfs_propagation: "slave".to_owned(),
        masked_paths: texts(&["/m"]),
        readonly_paths: texts(&["/r"]),
        mount_label: "l".to_owned(),
        intel_rdt: Some(LinuxIntelRdt {
            l3_cache_schema: "s".to_owned(),
        }),
    };
    let mappings = json!([{ "containerID": 0, "hostID": 1, "size": 10 }]);
    let expected = json!({
        "uidMappings": mappings, "gidMappings": mappings, "sysctl": { "vm.x": "1" },
        "cgroupsPath": "/virtc/a", "namespaces": [{ "type": "pid" }],
        "devices": [{ "path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 0o660, "uid": 0, "gid": 5 }],
        "seccomp": {
            "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": 1,
                "args": [{ "index": 0, "value": 2, "valueTwo": 3, "op": "SCMP_CMP_EQ" }] }],
        },
        "rootfsPropagation": "slave", "maskedPaths": ["/m"], "readonlyPaths": ["/r"],
        "mountLabel": "l", "intelRdt": { "l3CacheSchema": "s" },
    });
    assert_eq!(linux::linux(&given), expected);
}

#[test]
fn the_rest_of_the_spec() {
    let hook = Hook {
        path: "/h".to_owned(),
        args: texts(&["h"]),
        env: texts(&["E=1"]),
        timeout: 5,
    };
    let hooks = Hooks {
        prestart: vec![hook.clone()],
        poststart: vec![hook.clone()],
        poststop: vec![hook.clone()],
        create_runtime: vec![hook.clone()],
        create_container: vec![hook.clone()],
        start_container: vec![hook],
    };
    let given = Spec {
        version: String::new(),
        root: Some(Root {
            path: "/r".to_owned(),
            readonly: true,
        }),
        hostname: "h".to_owned(),
        mounts: vec![Mount {
            destination: "/d".to_owned(),
            source: "s".to_owned(),
            r#type: "tmpfs".to_owned(),
            options: texts(&["ro"]),
        }],
        hooks: Some(hooks),
        annotations: [("k".to_owned(), "v".to_owned())].into(),
        ..Spec::default()
    };
    let hooks = json!([{ "path": "/h", "args": ["h"], "env": ["E=1"], "timeout": 5 }]);
    let expected = json!({
        "ociVersion": "1.0.2", "root": { "path": "/r", "readonly": true }, "hostname": "h",
        "mounts": [{ "destination": "/d", "source": "s", "type": "tmpfs", "options": ["ro"] }],
        "hooks": { "prestart": hooks, "createRuntime": hooks, "createContainer": hooks,
            "startContainer": hooks, "poststart": hooks, "poststop": hooks },
        "annotations": { "k": "v" },
    });
    assert_eq!(config(&given), expected);
}

#[test]
fn namespaces_are_settled_by_the_guest() {
    let namespace = |kind: &str, path: &str| LinuxNamespace {
        r#type: kind.to_owned(),
        path: path.to_owned(),
    };
    let spec = |hostname: &str| Spec {
        hostname: hostname.to_owned(),
        linux: Some(Linux {
            namespaces: vec![
                namespace("network", "/var/run/netns/x"),
                namespace("ipc", ""),
                namespace("uts", ""),
                namespace("cgroup", ""),
            ],
            ..Linux::default()
        }),
        ..Spec::default()
    };
    let settled = |hostname: &str, pids: Pids| {
        let mut spec = spec(hostname);
        namespaces::apply(&mut spec, "box", &pids);
        (spec.linux.unwrap().namespaces, spec.hostname)
    };
    let own = vec![
        namespace("cgroup", ""),
        namespace("pid", ""),
        namespace("mount", ""),
    ];
    assert_eq!(settled("box", Pids::Own), (own.clone(), String::new()));
    assert_eq!(settled("", Pids::Own), (own, String::new()));
    let (joined, _) = settled("", Pids::Shared("/proc/1/fd/12".to_owned()));
    assert!(joined.contains(&namespace("pid", "/proc/1/fd/12")));
    let (guest, _) = settled("", Pids::Agent);
    assert_eq!(guest, [namespace("cgroup", ""), namespace("mount", "")]);
    let mut without = Spec::default();
    namespaces::apply(&mut without, "box", &Pids::Own);
    let kinds: Vec<String> = without
        .linux
        .unwrap()
        .namespaces
        .into_iter()
        .map(|ns| ns.r#type)
        .collect();
    assert_eq!(kinds, ["pid", "mount", "cgroup"]);
    assert!(namespaces::check(&spec("")).is_ok());
    let mut unknown = spec("");
    unknown
        .linux
        .as_mut()
        .unwrap()
        .namespaces
        .push(namespace("moon", ""));
    assert!(
        namespaces::check(&unknown)
            .unwrap_err()
            .message
            .contains("\"moon\"")
    );
    let (other, hostname) = settled("other", Pids::Own);
    assert!(other.contains(&namespace("uts", "")));
    assert_eq!(hostname, "other");
}
