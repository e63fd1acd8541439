//! Obvious twins of the codec, written from the protocol texts alone and with no thought for speed.

pub mod assembler;
pub mod base64;
pub mod engine;
pub mod engine_v3;
pub mod json;
pub mod msgpack;
pub mod socket;
pub mod stream;
