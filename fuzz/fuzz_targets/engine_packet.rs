//! Fuzzes [`siospec_fuzz::engine_packet`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(engine_packet);
