//! The other side in the interoperability test: the ttRPC crate that Kata's agent and its host
//! library use, as server (`serve PATH`) and as client (`call PATH`).

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use ttrpc::asynchronous::{Client, MethodHandler, Server, Service, TtrpcContext};
use ttrpc::{get_status, Code, Request, Response};

const SERVICE: &str = "test.Echo";

struct Echo;
struct Metadata;
struct Fail;
struct Sleep;

#[async_trait]
impl MethodHandler for Echo {
    async fn handler(&self, _ctx: TtrpcContext, req: Request) -> ttrpc::Result<Response> {
        Ok(Response {
            payload: req.payload,
            ..Default::default()
        })
    }
}

/// Answers with the metadata and the timeout it was sent, as text.
#[async_trait]
impl MethodHandler for Metadata {
    async fn handler(&self, ctx: TtrpcContext, _req: Request) -> ttrpc::Result<Response> {
        let mut pairs: Vec<_> = ctx.metadata.iter().collect();
        pairs.sort();
        let text = format!("{pairs:?} {}", ctx.timeout_nano);
        Ok(Response {
            payload: text.into_bytes(),
            ..Default::default()
        })
    }
}

#[async_trait]
impl MethodHandler for Fail {
    async fn handler(&self, _ctx: TtrpcContext, _req: Request) -> ttrpc::Result<Response> {
        let status = get_status(Code::NOT_FOUND, "no such container");
        Ok(Response {
            status: Some(status).into(),
            ..Default::default()
        })
    }
}

#[async_trait]
impl MethodHandler for Sleep {
    async fn handler(&self, _ctx: TtrpcContext, _req: Request) -> ttrpc::Result<Response> {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        Ok(Response::default())
    }
}

async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let mut methods: HashMap<String, Box<dyn MethodHandler + Send + Sync>> = HashMap::new();
    methods.insert("Echo".into(), Box::new(Echo));
    methods.insert("Metadata".into(), Box::new(Metadata));
    methods.insert("Fail".into(), Box::new(Fail));
    methods.insert("Sleep".into(), Box::new(Sleep));
    let service = Service {
        methods,
        streams: HashMap::new(),
    };
    let mut server = Server::new()
        .bind(address)?
        .register_service(HashMap::from([(SERVICE.to_string(), service)]));
    server.start().await?;
    println!("serving");
    std::future::pending().await
}

/// Makes one call and prints how it ended, on one line.
async fn call(client: &Client, service: &str, method: &str, payload: Vec<u8>, timeout_nano: i64) {
    let request = Request {
        service: service.into(),
        method: method.into(),
        payload,
        timeout_nano,
        ..Default::default()
    };
    match client.request(request).await {
        Ok(response) => println!("{method} ok {}", response.payload.len()),
        Err(ttrpc::Error::RpcStatus(status)) => {
            println!("{method} {:?} {}", status.code(), status.message());
        }
        Err(error) => println!("{method} failed {error:?}"),
    }
}

async fn call_all(address: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::connect(address).await?;
    let health = "grpc.Health";
    call(&client, health, "Check", vec![], 0).await;
    call(&client, health, "Check", vec![0x0a, 0x7f], 0).await;
    call(&client, health, "Nothing", vec![], 0).await;
    call(&client, "grpc.Nothing", "Check", vec![], 0).await;
    let mut large = vec![0x0a, 0x80, 0x80, 0x40];
    large.resize(4 + (1 << 20), b'x');
    call(&client, health, "Version", large, 1_000_000_000_000).await;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", path] => serve(&format!("unix://{path}")).await,
        ["call", path] => call_all(&format!("unix://{path}")).await,
        _ => Err("usage: ttrpc-interop serve|call PATH".into()),
    }
}
