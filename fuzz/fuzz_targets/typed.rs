//! Fuzzes [`siospec_fuzz::typed`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(typed);
