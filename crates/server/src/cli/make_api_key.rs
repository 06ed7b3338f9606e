//! `encke make-api-key`: a key for a back end, and what the configuration has of it.
//!
//! The first line is the key, which is shown this once; the second line is for the settings.

use super::{Failure, print};
use crate::login::api_keys;

pub(super) fn run() -> Result<(), Failure> {
    let (key, hash) = api_keys::make().map_err(Failure::other)?;
    print(&format!("{key}\nsha256 = \"{hash}\"\n"))
}
