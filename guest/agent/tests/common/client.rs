//! A ttRPC client that makes one call after another.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use prost::Message;
use virtc_agent::proto::grpc::{
    CloseStdinRequest, CreateContainerRequest, ExecProcessRequest, ReadStreamRequest,
    ReadStreamResponse, RemoveContainerRequest, SignalProcessRequest, StartContainerRequest,
    WaitProcessRequest, WaitProcessResponse, WriteStreamRequest,
};
use virtc_agent::status::Code;
use virtc_agent::ttrpc::frame::{HEADER, REQUEST};
use virtc_agent::ttrpc::message::{Request, Response};

pub const AGENT: &str = "grpc.AgentService";

pub struct Client {
    stream: UnixStream,
    next: u32,
}

/// A code and a message.
pub type Failure = (i32, String);

impl Client {
    pub fn connect(path: &Path) -> Client {
        Client {
            stream: UnixStream::connect(path).unwrap(),
            next: 1,
        }
    }

    /// Sends a call and gives its stream id.
    pub fn send(
        &mut self,
        service: &str,
        method: &str,
        message: &impl Message,
        timeout_nano: i64,
    ) -> u32 {
        let request = Request {
            service: service.to_owned(),
            method: method.to_owned(),
            payload: message.encode_to_vec().into(),
            timeout_nano,
        };
        let id = self.next;
        self.next += 2;
        self.send_frame(id, REQUEST, &request.encode_to_vec());
        id
    }

    pub fn send_frame(&mut self, id: u32, kind: u8, body: &[u8]) {
        let mut frame = (body.len() as u32).to_be_bytes().to_vec();
        frame.extend(id.to_be_bytes());
        frame.extend([kind, 0]);
        frame.extend(body);
        self.stream.write_all(&frame).unwrap();
    }

    /// The next answer, whichever call it is for.
    pub fn receive(&mut self) -> (u32, Result<Vec<u8>, Failure>) {
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header).unwrap();
        let length = u32::from_be_bytes(header[..4].try_into().unwrap());
        let id = u32::from_be_bytes(header[4..8].try_into().unwrap());
        assert_eq!(header[8..], [2, 0]);
        let mut body = vec![0; length as usize];
        self.stream.read_exact(&mut body).unwrap();
        let response = Response::decode(&body[..]).unwrap();
        match response.status {
            Some(status) => (id, Err((status.code, status.message))),
            None => (id, Ok(response.payload.to_vec())),
        }
    }

    pub fn call<A: Message + Default>(
        &mut self,
        service: &str,
        method: &str,
        message: &impl Message,
    ) -> Result<A, Failure> {
        let id = self.send(service, method, message, 0);
        let (answered, result) = self.receive();
        assert_eq!(answered, id);
        result.map(|payload| A::decode(&payload[..]).unwrap())
    }

    /// A call that must succeed and answers nothing.
    pub fn ok(&mut self, method: &str, message: &impl Message) {
        let result: Result<(), Failure> = self.call(AGENT, method, message);
        assert_eq!(result, Ok(()), "{method}");
    }

    /// A call that must fail with the code; gives the message.
    pub fn fails(&mut self, method: &str, message: &impl Message, code: Code) -> String {
        let result: Result<(), Failure> = self.call(AGENT, method, message);
        let (actual, text) = result.expect_err(method);
        assert_eq!(actual, code as i32, "{method}: {text}");
        text
    }

    pub fn create(&mut self, request: &CreateContainerRequest) {
        self.ok("CreateContainer", request);
    }

    pub fn start(&mut self, id: &str) {
        let container_id = id.to_owned();
        self.ok("StartContainer", &StartContainerRequest { container_id });
    }

    pub fn exec(&mut self, request: &ExecProcessRequest) {
        self.ok("ExecProcess", request);
    }

    pub fn remove(&mut self, id: &str) {
        let container_id = id.to_owned();
        self.ok(
            "RemoveContainer",
            &RemoveContainerRequest {
                container_id,
                timeout: 10,
            },
        );
    }

    pub fn signal(&mut self, id: &str, exec: &str, signal: u32) {
        self.ok(
            "SignalProcess",
            &SignalProcessRequest {
                container_id: id.to_owned(),
                exec_id: exec.to_owned(),
                signal,
            },
        );
    }

    pub fn wait(&mut self, id: &str, exec: &str) -> i32 {
        let request = WaitProcessRequest {
            container_id: id.to_owned(),
            exec_id: exec.to_owned(),
        };
        let answer: Result<WaitProcessResponse, Failure> =
            self.call(AGENT, "WaitProcess", &request);
        answer.unwrap().status
    }

    pub fn write(&mut self, id: &str, exec: &str, data: &[u8]) {
        let request = WriteStreamRequest {
            container_id: id.to_owned(),
            exec_id: exec.to_owned(),
            data: data.to_vec().into(),
        };
        let answer: Result<virtc_agent::proto::grpc::WriteStreamResponse, Failure> =
            self.call(AGENT, "WriteStdin", &request);
        assert_eq!(answer.unwrap().len as usize, data.len());
    }

    pub fn close_stdin(&mut self, id: &str, exec: &str) {
        self.ok(
            "CloseStdin",
            &CloseStdinRequest {
                container_id: id.to_owned(),
                exec_id: exec.to_owned(),
            },
        );
    }

    pub fn read(&mut self, method: &str, id: &str, exec: &str) -> Vec<u8> {
        let request = ReadStreamRequest {
            container_id: id.to_owned(),
            exec_id: exec.to_owned(),
            len: 1 << 20,
        };
        let answer: Result<ReadStreamResponse, Failure> = self.call(AGENT, method, &request);
        answer.unwrap().data.to_vec()
    }

    /// All output up to its end.
    pub fn read_all(&mut self, method: &str, id: &str, exec: &str) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let data = self.read(method, id, exec);
            if data.is_empty() {
                return all;
            }
            all.extend(data);
        }
    }

    pub fn stdout(&mut self, id: &str, exec: &str) -> String {
        String::from_utf8(self.read_all("ReadStdout", id, exec)).unwrap()
    }

    pub fn stderr(&mut self, id: &str, exec: &str) -> String {
        String::from_utf8(self.read_all("ReadStderr", id, exec)).unwrap()
    }

    /// Reads output until it contains the text.
    pub fn read_until(&mut self, id: &str, exec: &str, text: &str) -> String {
        let mut all = String::new();
        while !all.contains(text) {
            let data = self.read("ReadStdout", id, exec);
            assert!(!data.is_empty(), "the output ended with {all:?}");
            all.push_str(&String::from_utf8_lossy(&data));
        }
        all
    }
}
