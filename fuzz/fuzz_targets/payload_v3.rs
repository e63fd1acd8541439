//! Fuzzes [`siospec_fuzz::payload_v3`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(payload_v3);
