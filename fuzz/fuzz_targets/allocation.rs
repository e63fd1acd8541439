//! Fuzzes [`siospec_fuzz::allocation`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(allocation);
