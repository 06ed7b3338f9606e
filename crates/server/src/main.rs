//! The `encke` command. Everything it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    encke_server::command_line(std::env::args_os())
}
