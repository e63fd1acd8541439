//! Fuzzes [`siospec_fuzz::socket_packet`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(socket_packet);
