//! Fuzzes [`siospec_fuzz::server`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(server);
