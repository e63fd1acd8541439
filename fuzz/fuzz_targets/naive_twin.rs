//! Fuzzes [`siospec_fuzz::naive_twin`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(naive_twin);
