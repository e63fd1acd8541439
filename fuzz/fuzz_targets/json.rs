//! Fuzzes [`siospec_fuzz::json`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(json);
