//! Properties of the codec, of the reference server, and of the transcripts of the judge.
//!
//! Each property is one function from bytes to nothing that panics where the property does not hold. It runs
//! three times: as a libFuzzer target (`cargo fuzz run -s none NAME`), over generated inputs and over every
//! tracked seed (`cargo test`).
//!
//! ```text
//! cargo install cargo-fuzz --locked                                    once
//! fuzz/run.sh                                                          every target for a minute
//! fuzz/coverage.sh                                                     lines of the codec that the seeds reach
//! cargo fuzz run -s none socket_packet -- -max_total_time=60           one of them, without its seeds
//! ```
//!
//! No sanitizer is needed, since neither has unsafe code; that is why stable Rust suffices. A crash is
//! written to `fuzz/artifacts/`; once fixed, its input belongs into `fuzz/regressions/NAME/`.

pub mod allocation;
pub mod assembler;
pub mod base64;
pub mod driver;
pub mod engine_packet;
pub mod engine_packet_v3;
pub mod handshake;
pub mod incremental_payload;
pub mod json;
pub mod msgpack;
pub mod naive;
pub mod naive_twin;
pub mod payload;
pub mod payload_v3;
pub mod round_trip;
pub mod server;
pub mod sinks;
pub mod socket_packet;
pub mod transcript;
pub mod typed;
pub mod verdict_table;
pub mod views;

/// A property: its name, and the function that panics where it does not hold.
pub type Property = (&'static str, fn(&[u8]));

/// Every property; each has a fuzz target and a folder of seeds of the same name.
pub const PROPERTIES: &[Property] = &[
    ("allocation", allocation::holds),
    ("assembler", assembler::holds),
    ("base64", base64::holds),
    ("driver", driver::holds),
    ("engine_packet", engine_packet::holds),
    ("engine_packet_v3", engine_packet_v3::holds),
    ("handshake", handshake::holds),
    ("incremental_payload", incremental_payload::holds),
    ("json", json::holds),
    ("msgpack", msgpack::holds),
    ("naive_twin", naive_twin::holds),
    ("payload", payload::holds),
    ("payload_v3", payload_v3::holds),
    ("round_trip", round_trip::holds),
    ("server", server::holds),
    ("sinks", sinks::holds),
    ("socket_packet", socket_packet::holds),
    ("transcript", transcript::holds),
    ("typed", typed::holds),
    ("verdict_table", verdict_table::holds),
    ("views", views::holds),
];

/// Makes a fuzz target of the property of this name.
#[macro_export]
macro_rules! target {
    ($property:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| siospec_fuzz::$property::holds(data));

        /// Outside `cargo fuzz` there is nothing to run.
        #[cfg(not(fuzzing))]
        fn main() {}
    };
}

/// Panics unless `inner` lies in the memory of `outer`; an empty text may lie anywhere.
fn assert_inside(outer: &str, inner: &str) {
    let (outer, inner) = (outer.as_bytes().as_ptr_range(), inner.as_bytes().as_ptr_range());
    let inside = outer.start <= inner.start && inner.end <= outer.end;
    assert!(inside || inner.is_empty(), "a slice lies outside the input");
}
