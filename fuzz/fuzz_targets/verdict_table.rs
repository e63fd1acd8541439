//! Fuzzes [`siospec_fuzz::verdict_table`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(verdict_table);
