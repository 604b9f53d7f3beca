//! Types generated from packages/agent-protocol/proto.

pub mod grpc {
    #![allow(clippy::all)]
    include!(concat!(env!("OUT_DIR"), "/grpc.rs"));
}

pub mod types {
    #![allow(clippy::all)]
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

pub mod virtcontainers {
    #![allow(clippy::all)]
    include!(concat!(env!("OUT_DIR"), "/virtcontainers.rs"));
}
