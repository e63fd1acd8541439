//! Fuzzes [`siospec_fuzz::base64`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(base64);
