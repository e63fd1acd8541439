//! Fuzzes [`siospec_fuzz::payload`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(payload);
