//! Fuzzes [`siospec_fuzz::engine_packet_v3`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(engine_packet_v3);
