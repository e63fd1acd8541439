//! Fuzzes [`siospec_fuzz::handshake`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(handshake);
