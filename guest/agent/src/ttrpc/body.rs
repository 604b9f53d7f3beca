//! Answers, built so that the bytes of a container's output are never copied: they are read into
//! the place where they stand in the frame, and the headers are written in front of them.

use prost::Message;

use super::frame::{HEADER, RESPONSE};
use super::message::{Response, RpcStatus};
use super::tail::Tail;
use crate::status::Status;

/// Room for the frame header, two tags with lengths and a number.
const HEADROOM: usize = 32;

/// Bytes with room in front.
pub struct Body {
    buffer: Vec<u8>,
    start: usize,
    tail: Option<Tail>,
}

impl Body {
    /// An empty body with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Body {
        let mut buffer = Vec::with_capacity(HEADROOM + capacity);
        buffer.resize(HEADROOM, 0);
        Body {
            buffer,
            start: HEADROOM,
            tail: None,
        }
    }

    pub fn message(message: &impl Message) -> Body {
        let mut body = Body::with_capacity(message.encoded_len());
        message.encode_raw(&mut body.buffer);
        body
    }

    /// A whole frame that carries no answer: what a handshake sends.
    pub fn raw(bytes: &[u8]) -> Body {
        Body {
            buffer: bytes.to_vec(),
            start: 0,
            tail: None,
        }
    }

    /// A body of bytes that stay in a pipe until they are sent.
    pub fn in_pipe(tail: Tail) -> Body {
        let mut body = Body::with_capacity(0);
        body.tail = Some(tail);
        body
    }

    /// Where to append.
    pub fn end(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// What is to be sent after the bytes.
    pub fn take_tail(&mut self) -> Option<Tail> {
        self.tail.take()
    }

    fn len(&self) -> usize {
        self.bytes().len() + self.tail.as_ref().map_or(0, |tail| tail.left)
    }

    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.start..).unwrap_or_default()
    }

    /// Makes the bytes the value of a length-delimited field.
    pub fn into_field(mut self, number: u8) -> Body {
        let length = self.len();
        if length > 0 {
            let mut varint = [0u8; 10];
            let mut rest = &mut varint[..];
            prost::encoding::encode_varint(length as u64, &mut rest);
            let used = 10 - rest.len();
            self.prepend(&varint[..used]);
            self.prepend(&[number << 3 | 2]);
        }
        self
    }

    /// Puts a varint field in front.
    pub fn with_number(mut self, number: u8, value: u64) -> Body {
        let mut field = [0u8; 11];
        field[0] = number << 3;
        let mut rest = &mut field[1..];
        prost::encoding::encode_varint(value, &mut rest);
        let used = 11 - rest.len();
        self.prepend(&field[..used]);
        self
    }

    /// The frame that answers `stream` with these bytes as payload.
    pub fn into_frame(self, stream: u32) -> Body {
        self.into_field(2).with_header(stream)
    }

    fn with_header(mut self, stream: u32) -> Body {
        let length = self.len() as u32;
        let mut header = [0u8; HEADER];
        header[..4].copy_from_slice(&length.to_be_bytes());
        header[4..8].copy_from_slice(&stream.to_be_bytes());
        header[8] = RESPONSE;
        self.prepend(&header);
        self
    }

    fn prepend(&mut self, bytes: &[u8]) {
        let start = self.start - bytes.len();
        self.buffer[start..self.start].copy_from_slice(bytes);
        self.start = start;
    }
}

/// The frame that answers `stream` with an error.
pub fn error_frame(stream: u32, status: Status) -> Body {
    Body::message(&Response {
        status: Some(RpcStatus {
            code: status.code as i32,
            message: status.message,
        }),
        payload: Default::default(),
    })
    .with_header(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::grpc::ReadStreamResponse;
    use crate::proto::virtcontainers::ReadOutputResponse;
    use crate::status::Code;
    use bytes::Bytes;

    #[test]
    fn data_read_in_place_decodes_as_the_answer() {
        for length in [0usize, 1, 127, 128, 70_000] {
            let data = vec![b'x'; length];
            let mut body = Body::with_capacity(length);
            body.end().extend_from_slice(&data);
            let frame = body.into_field(1).into_frame(9);
            let bytes = frame.bytes();
            assert_eq!(bytes[..4], ((bytes.len() - HEADER) as u32).to_be_bytes());
            assert_eq!(bytes[4..10], [0, 0, 0, 9, RESPONSE, 0]);
            let response = Response::decode(&bytes[HEADER..]).unwrap();
            assert_eq!(response.status, None);
            let read = ReadStreamResponse::decode(response.payload).unwrap();
            assert_eq!(read.data, Bytes::from(data));
        }
    }

    #[test]
    fn the_largest_number_fits_in_front() {
        let mut body = Body::with_capacity(3);
        body.end().extend_from_slice(b"abc");
        let frame = body.into_field(2).with_number(1, u64::MAX).into_frame(1);
        let response = Response::decode(&frame.bytes()[HEADER..]).unwrap();
        let read = ReadOutputResponse::decode(response.payload).unwrap();
        assert_eq!((read.offset, &read.data[..]), (u64::MAX, &b"abc"[..]));
    }

    #[test]
    fn errors_carry_code_and_message() {
        let frame = error_frame(3, Status::new(Code::NotFound, "no such thing"));
        let response = Response::decode(&frame.bytes()[HEADER..]).unwrap();
        let status = response.status.unwrap();
        assert_eq!((status.code, status.message.as_str()), (5, "no such thing"));
    }
}
