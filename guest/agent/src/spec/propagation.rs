//! Mounts whose changes are passed on.

use crate::proto::grpc::Spec;

const PASSED_ON: [&str; 4] = ["shared", "rshared", "slave", "rslave"];

/// Has crun leave such mounts as they are: where nothing is said of the root, it makes the root and
/// all that is mounted below it private in the end.
pub fn apply(spec: &mut Spec) {
    let mut options = spec.mounts.iter().flat_map(|mount| &mount.options);
    let linux = spec.linux.get_or_insert_default();
    if linux.rootfs_propagation.is_empty()
        && options.any(|option| PASSED_ON.contains(&option.as_str()))
    {
        "private".clone_into(&mut linux.rootfs_propagation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::grpc::{Linux, Mount};

    fn settled(option: &str, root: &str) -> String {
        let mut spec = Spec {
            mounts: vec![Mount {
                options: vec!["rbind".to_owned(), option.to_owned()],
                ..Mount::default()
            }],
            linux: Some(Linux {
                rootfs_propagation: root.to_owned(),
                ..Linux::default()
            }),
            ..Spec::default()
        };
        apply(&mut spec);
        spec.linux.unwrap().rootfs_propagation
    }

    #[test]
    fn only_where_a_mount_asks_for_it_and_the_root_does_not() {
        assert_eq!(settled("rshared", ""), "private");
        assert_eq!(settled("rprivate", ""), "");
        assert_eq!(settled("rslave", "rslave"), "rslave");
    }
}
