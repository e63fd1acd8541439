//! Fuzzes [`siospec_fuzz::incremental_payload`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(incremental_payload);
