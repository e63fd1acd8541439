//! Fuzzes [`siospec_fuzz::views`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(views);
