//! Fuzzes [`siospec_fuzz::assembler`].

#![cfg_attr(fuzzing, no_main)]

siospec_fuzz::target!(assembler);
