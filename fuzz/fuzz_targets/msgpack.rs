//! Fuzzes [`siospec_fuzz::msgpack`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(msgpack);
