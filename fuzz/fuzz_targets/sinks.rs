//! Fuzzes [`siospec_fuzz::sinks`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(sinks);
