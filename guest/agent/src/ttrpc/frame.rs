//! Cuts a byte stream into ttRPC frames,
//! <https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md>.

use bytes::{Buf, Bytes, BytesMut};

pub const HEADER: usize = 10;
/// The largest body of a frame, both ways.
pub const MAX_BODY: usize = 4 << 20;
pub const REQUEST: u8 = 1;
pub const RESPONSE: u8 = 2;

/// What came next in the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    Frame {
        stream: u32,
        kind: u8,
        flags: u8,
        body: Bytes,
    },
    /// A frame of more than `MAX_BODY` bytes; its body is skipped as it comes.
    Oversize { stream: u32, length: usize },
}

#[derive(Default)]
pub struct Decoder {
    pub buffer: BytesMut,
    skip: usize,
}

impl Decoder {
    /// Makes room for the next read: the rest of the frame that is under way, or `least` bytes.
    pub fn reserve(&mut self, least: usize) {
        let missing = match self.header() {
            Some((length, ..)) if length <= MAX_BODY => {
                (HEADER + length).saturating_sub(self.buffer.len())
            }
            _ => 0,
        };
        self.buffer.reserve(missing.max(least));
    }

    pub fn take(&mut self) -> Option<Event> {
        let skipped = self.skip.min(self.buffer.len());
        self.buffer.advance(skipped);
        self.skip -= skipped;
        let (length, stream, kind, flags) = self.header()?;
        if length > MAX_BODY {
            self.buffer.advance(HEADER);
            self.skip = length;
            return Some(Event::Oversize { stream, length });
        }
        if self.buffer.len() < HEADER + length {
            return None;
        }
        self.buffer.advance(HEADER);
        let body = self.buffer.split_to(length).freeze();
        Some(Event::Frame {
            stream,
            kind,
            flags,
            body,
        })
    }

    /// Forgets all bytes, and a frame that was under way.
    pub fn reset(&mut self) {
        self.buffer.clear();
        self.skip = 0;
    }

    fn header(&self) -> Option<(usize, u32, u8, u8)> {
        let head: &[u8; HEADER] = self.buffer.first_chunk()?;
        let [a, b, c, d, e, f, g, h, kind, flags] = *head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        Some((length, u32::from_be_bytes([e, f, g, h]), kind, flags))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: u32, stream: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend(stream.to_be_bytes());
        bytes.extend([REQUEST, 0]);
        bytes.extend(body);
        bytes
    }

    fn event(stream: u32, body: &'static [u8]) -> Event {
        Event::Frame {
            stream,
            kind: REQUEST,
            flags: 0,
            body: Bytes::from_static(body),
        }
    }

    #[test]
    fn one_byte_at_a_time() {
        let mut decoder = Decoder::default();
        let bytes = [frame(3, 1, b"abc"), frame(0, 3, b"")].concat();
        let mut events = Vec::new();
        for byte in bytes {
            decoder.buffer.extend_from_slice(&[byte]);
            events.extend(std::iter::from_fn(|| decoder.take()));
        }
        assert_eq!(events, [event(1, b"abc"), event(3, b"")]);
    }

    #[test]
    fn an_oversized_frame_is_skipped_and_the_next_one_read() {
        let mut decoder = Decoder::default();
        let length = MAX_BODY + 1;
        decoder
            .buffer
            .extend_from_slice(&frame(length as u32, 5, &[7; 100]));
        assert_eq!(decoder.take(), Some(Event::Oversize { stream: 5, length }));
        assert_eq!(decoder.take(), None);
        decoder.buffer.extend_from_slice(&vec![7; length - 100]);
        decoder.buffer.extend_from_slice(&frame(1, 7, b"x"));
        assert_eq!(decoder.take(), Some(event(7, b"x")));
    }

    #[test]
    fn the_largest_length_allocates_nothing() {
        let mut decoder = Decoder::default();
        decoder.buffer.extend_from_slice(&frame(u32::MAX, 1, b""));
        decoder.reserve(100);
        assert!(decoder.buffer.capacity() < 4096);
        assert!(matches!(decoder.take(), Some(Event::Oversize { .. })));
    }

    /// Any bytes, cut anywhere, give frames within the limit and use up what they were given.
    #[test]
    fn random_bytes_do_no_harm() {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..2000 {
            let mut decoder = Decoder::default();
            let mut given = 0;
            for _ in 0..random() % 20 {
                let piece: Vec<u8> = (0..random() % 200).map(|_| random() as u8).collect();
                // Small lengths now and then, so that frames come whole too.
                let small = random() % 3 == 0;
                let piece = if small {
                    frame((piece.len() % 50) as u32, 1, &piece)
                } else {
                    piece
                };
                given += piece.len();
                decoder.buffer.extend_from_slice(&piece);
                while let Some(event) = decoder.take() {
                    match event {
                        Event::Frame { body, .. } => assert!(body.len() <= MAX_BODY),
                        Event::Oversize { length, .. } => assert!(length > MAX_BODY),
                    }
                }
            }
            assert!(decoder.buffer.len() <= given);
        }
    }

    #[test]
    fn reset_forgets_half_a_frame() {
        let mut decoder = Decoder::default();
        decoder.buffer.extend_from_slice(&frame(9, 1, b"abc"));
        assert_eq!(decoder.take(), None);
        decoder.reset();
        decoder.buffer.extend_from_slice(&frame(1, 1, b"y"));
        assert_eq!(decoder.take(), Some(event(1, b"y")));
    }
}
