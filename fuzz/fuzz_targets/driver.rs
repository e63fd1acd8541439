//! Fuzzes [`siospec_fuzz::driver`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(driver);
