//! The `siospec` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    siospec::cli::main()
}
