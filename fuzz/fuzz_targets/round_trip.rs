//! Fuzzes [`siospec_fuzz::round_trip`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(round_trip);
