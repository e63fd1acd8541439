//! Frames of RFC 6455, as wrong as wanted.

use tokio_tungstenite::tungstenite::protocol::frame::{FrameHeader, coding::OpCode};

/// A frame of a client. Its mask is always the same: what is drawn decides everything that is sent.
pub(in crate::live) fn frame(last: bool, reserved: u8, opcode: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let header = FrameHeader {
        is_final: last,
        rsv1: reserved & 4 != 0,
        rsv2: reserved & 2 != 0,
        rsv3: reserved & 1 != 0,
        opcode: OpCode::from(opcode & 0xf),
        mask: Some(MASK),
    };
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    header
        .format(u64::try_from(payload.len()).expect("a payload in memory"), &mut bytes)
        .expect("writing to a vector does not fail");
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_written_bit_by_bit() {
        assert_eq!(frame(true, 0, 1, b"ab"), [0x81, 0x82, 0x37, 0xfa, 0x21, 0x3d, b'a' ^ 0x37, b'b' ^ 0xfa]);
        assert_eq!(frame(false, 5, 0xb, b"")[..2], [0x5b, 0x80]);
        assert_eq!(frame(true, 0, 2, &[0; 300])[..4], [0x82, 0xfe, 1, 44]);
    }
}
