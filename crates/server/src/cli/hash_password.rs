//! `encke hash-password`: a password in, its hash out.
//!
//! A terminal is asked twice, without echo; anything else gives one line.

use std::io::{self, BufRead, IsTerminal};

use super::{Failure, print};
use crate::login::password;

/// Longest password that is taken, in bytes; it must also fit into an `Authorization` header.
const MAX_PASSWORD: usize = 1_024;

pub(super) fn run() -> Result<(), Failure> {
    let password = if io::stdin().is_terminal() { ask()? } else { read_line()? };
    if password.is_empty() {
        return Err(Failure::usage("the password is empty"));
    }
    if password.len() > MAX_PASSWORD {
        return Err(Failure::usage("the password is longer than 1024 bytes"));
    }
    let hash = password::hash(password.as_bytes()).map_err(Failure::other)?;
    print(&format!("{}\n", hash.as_str()))
}

fn ask() -> Result<String, Failure> {
    let password = rpassword::prompt_password("Password: ").map_err(Failure::other)?;
    let again = rpassword::prompt_password("Again: ").map_err(Failure::other)?;
    if password == again { Ok(password) } else { Err(Failure::usage("the two passwords differ")) }
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::other)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
