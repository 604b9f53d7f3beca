//! The handshake at the beginning of each client's use of a virtio-serial port.
//!
//! The host writes HELLO in one piece: `VIRTCHLO`, a token of 16 bytes that is the sandbox's
//! secret, and a nonce of 16 bytes. The answer is ACK: `VIRTCACK`, the nonce, 8 zero bytes. A HELLO
//! always stands at the beginning of a read, since the bytes of two clients never share a buffer.

use std::cell::Cell;

pub const HELLO: usize = 40;
const HELLO_MAGIC: &[u8; 8] = b"VIRTCHLO";
const ACK_MAGIC: &[u8; 8] = b"VIRTCACK";

pub type Token = [u8; 16];

/// What a read from a port begins with.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// A new client: forget the old one and send this.
    Hello { ack: [u8; 32] },
    /// A HELLO with a token that isn't the sandbox's: all that follows is to be ignored.
    Stranger,
    /// More of what the present client says.
    Data,
}

/// Who owns the guest: the first token seen on any port, and only it is obeyed. A machine may be made, and
/// copied, before it is known whose it will be; so its owner may give it to another one, once.
#[derive(Default)]
pub struct Handshake {
    token: Cell<Option<Token>>,
    given: Cell<bool>,
}

impl Handshake {
    /// Changes when the guest is given to another owner: what was opened before is his no more.
    pub fn owner(&self) -> u32 {
        u32::from(self.given.get())
    }

    /// Gives the guest to the owner of this token; why not, otherwise.
    pub fn change_token(&self, token: Token) -> Result<(), &'static str> {
        if self.token.get().is_none() {
            return Err("nobody owns the guest yet: its first client will");
        }
        if self.given.replace(true) {
            return Err("the guest has been given away before");
        }
        self.token.set(Some(token));
        Ok(())
    }

    pub fn judge(&self, read: &[u8]) -> Start {
        let Some((magic, rest)) = read.split_first_chunk::<8>() else {
            return Start::Data;
        };
        let Some((token, rest)) = rest.split_first_chunk::<16>() else {
            return Start::Data;
        };
        let Some(nonce) = rest.first_chunk::<16>() else {
            return Start::Data;
        };
        if magic != HELLO_MAGIC {
            return Start::Data;
        }
        let known = self.token.get().get_or_insert(*token).to_owned();
        self.token.set(Some(known));
        if known != *token {
            return Start::Stranger;
        }
        let mut ack = [0u8; 32];
        ack[..8].copy_from_slice(ACK_MAGIC);
        ack[8..24].copy_from_slice(nonce);
        Start::Hello { ack }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(token: u8, nonce: u8) -> Vec<u8> {
        [&HELLO_MAGIC[..], &[token; 16], &[nonce; 16]].concat()
    }

    #[test]
    fn answers_with_the_nonce() {
        let handshake = Handshake::default();
        let Start::Hello { ack } = handshake.judge(&hello(1, 7)) else {
            panic!("not taken for a HELLO");
        };
        assert_eq!(ack[..8], *b"VIRTCACK");
        assert_eq!(ack[8..24], [7; 16]);
        assert_eq!(ack[24..], [0; 8]);
    }

    #[test]
    fn a_cut_hello_is_data() {
        let handshake = Handshake::default();
        for length in 0..HELLO {
            assert_eq!(handshake.judge(&hello(1, 7)[..length]), Start::Data);
        }
        assert_eq!(handshake.token.get(), None);
    }

    #[test]
    fn a_hello_after_stale_bytes_is_data() {
        let stale = [b"x".to_vec(), hello(1, 7)].concat();
        assert_eq!(Handshake::default().judge(&stale), Start::Data);
    }

    #[test]
    fn the_first_token_wins() {
        let handshake = Handshake::default();
        assert!(matches!(handshake.judge(&hello(1, 1)), Start::Hello { .. }));
        assert_eq!(handshake.judge(&hello(2, 2)), Start::Stranger);
        assert!(matches!(handshake.judge(&hello(1, 3)), Start::Hello { .. }));
    }

    #[test]
    fn it_is_given_away_once_and_by_its_owner_alone() {
        let handshake = Handshake::default();
        assert!(handshake.change_token([2; 16]).is_err());
        assert!(matches!(handshake.judge(&hello(1, 1)), Start::Hello { .. }));
        let before = handshake.owner();
        handshake.change_token([2; 16]).unwrap();
        assert_ne!(handshake.owner(), before);
        assert_eq!(handshake.judge(&hello(1, 2)), Start::Stranger);
        assert!(matches!(handshake.judge(&hello(2, 3)), Start::Hello { .. }));
        assert!(handshake.change_token([3; 16]).is_err());
        assert!(matches!(handshake.judge(&hello(2, 4)), Start::Hello { .. }));
    }
}
