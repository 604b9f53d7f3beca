//! Generates the agent protocol's Rust types from the repository's .proto files, and says how programs are linked.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // It brings its own start.
    println!("cargo:rustc-link-arg-bin=container-init=-nostdlib");
    let proto = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?)
        .join("../../packages/agent-protocol/proto");
    println!("cargo:rerun-if-changed={}", proto.display());
    let files = ["agent.proto", "health.proto", "virtcontainers.proto"];
    let descriptors = protox::compile(files, [&proto])?;
    prost_build::Config::new()
        .bytes(["."])
        .btree_map(["."])
        .disable_comments(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
