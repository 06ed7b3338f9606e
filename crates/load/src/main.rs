//! The `encke-load` command. Everything it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    encke_load::command_line(std::env::args_os())
}
