//! Fuzzes [`siospec_fuzz::transcript`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(transcript);
