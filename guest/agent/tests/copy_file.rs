//! CopyFile, and the symlinks in its way.

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use common::Agent;
use common::client::Failure;
use virtc_agent::proto::grpc::CopyFileRequest;
use virtc_agent::proto::virtcontainers::RemoveFileRequest;
use virtc_agent::status::Code;

const EXTENSION: &str = "virtcontainers.Extension";

fn request(agent: &Agent, name: &str, data: &[u8]) -> CopyFileRequest {
    let path = agent.path("run/shared/containers").join(name);
    CopyFileRequest {
        path: path.display().to_string(),
        file_size: data.len() as i64,
        file_mode: 0o100_640,
        dir_mode: 0o750,
        uid: 0,
        gid: 5,
        data: data.to_vec().into(),
        ..CopyFileRequest::default()
    }
}

#[test]
fn a_file_in_parts_gets_its_name_when_it_is_whole() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let mut first = request(&agent, "c1/etc/conf", b"hello ");
    first.file_size = 11;
    client.ok("CopyFile", &first);
    let file = agent.path("run/shared/containers/c1/etc/conf");
    assert!(!file.exists());
    let second = CopyFileRequest {
        offset: 6,
        data: b"world"[..].into(),
        ..first
    };
    client.ok("CopyFile", &second);
    assert_eq!(fs::read(&file).unwrap(), b"hello world");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o7777,
        0o640
    );
    let folder = fs::metadata(file.parent().unwrap()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o7777, 0o750);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn folders_and_links() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let mut folder = request(&agent, "c1/data", b"");
    folder.file_mode = 0o040_711;
    client.ok("CopyFile", &folder);
    let mut link = request(&agent, "c1/link", b"/anywhere");
    link.file_mode = 0o120_777;
    client.ok("CopyFile", &link);
    client.ok("CopyFile", &link);
    let root = agent.path("run/shared/containers/c1");
    let mode = fs::metadata(root.join("data"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o711);
    assert_eq!(
        fs::read_link(root.join("link")).unwrap().to_str(),
        Some("/anywhere")
    );
}

#[test]
fn what_cannot_have_its_name_does_not_stay() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    client.ok("CopyFile", &request(&agent, "c1/folder/inner", b"x"));
    let file = request(&agent, "c1/folder", b"x");
    client.fails("CopyFile", &file, Code::Internal);
    let mut link = request(&agent, "c1/folder", b"/anywhere");
    link.file_mode = 0o120_777;
    client.fails("CopyFile", &link, Code::Internal);
    let root = agent.path("run/shared/containers/c1");
    assert_eq!(fs::read_dir(root).unwrap().count(), 1);
}

#[test]
fn nothing_outside_is_touched() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let outside = agent.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("target"), "untouched").unwrap();
    client.ok("CopyFile", &request(&agent, "c1/a", b"x"));
    let root = agent.path("run/shared/containers/c1");
    symlink(&outside, root.join("way")).unwrap();
    client.fails(
        "CopyFile",
        &request(&agent, "c1/way/new", b"x"),
        Code::Internal,
    );
    // A file is begun anew; what has come in its place meanwhile is not written.
    symlink(outside.join("target"), root.join("file.tmp")).unwrap();
    client.ok("CopyFile", &request(&agent, "c1/file", b"x"));
    assert!(root.join("file").symlink_metadata().unwrap().is_file());
    let second = CopyFileRequest {
        file_size: 2,
        offset: 1,
        ..request(&agent, "c1/part", b"x")
    };
    symlink(outside.join("target"), root.join("part.tmp")).unwrap();
    client.fails("CopyFile", &second, Code::Internal);
    symlink(outside.join("target"), root.join("last")).unwrap();
    client.ok("CopyFile", &request(&agent, "c1/last", b"x"));
    assert!(root.join("last").symlink_metadata().unwrap().is_file());
    let mut mode = request(&agent, "c1/way", b"");
    mode.file_mode = 0o040_777;
    client.fails("CopyFile", &mode, Code::Internal);
    let text = client.fails(
        "CopyFile",
        &request(&agent, "../x", b"x"),
        Code::InvalidArgument,
    );
    assert!(text.contains("is not below"), "{text}");
    assert_eq!(
        fs::read_to_string(outside.join("target")).unwrap(),
        "untouched"
    );
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn what_was_copied_is_taken_away_and_nothing_else() {
    let agent = Agent::with_sandbox();
    let mut client = agent.client();
    let outside = agent.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("target"), "untouched").unwrap();
    for name in ["c1/tree/a", "c1/tree/sub/b", "c1/stays"] {
        client.ok("CopyFile", &request(&agent, name, b"x"));
    }
    let root = agent.path("run/shared/containers/c1");
    symlink(&outside, root.join("tree/sub/way")).unwrap();
    let mut remove = |name: &str| -> Result<(), Failure> {
        let path = agent.path("run/shared/containers").join(name);
        let path = path.display().to_string();
        client.call(EXTENSION, "RemoveFile", &RemoveFileRequest { path })
    };
    let code = |result: Result<(), Failure>| result.unwrap_err().0;
    assert_eq!(
        code(remove("c1/tree/sub/way/target")),
        Code::Internal as i32
    );
    assert_eq!(code(remove("../outside")), Code::InvalidArgument as i32);
    for name in ["c1/tree", "c1/tree", "c1/never/was"] {
        assert_eq!(remove(name), Ok(()));
    }
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}
