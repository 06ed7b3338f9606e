//! What a start left behind that was killed while it made the file.
//!
//! A file is made under the name of its process and then put in its place. Once there is one in that
//! place, no other is of use: whoever is still making one finds the place taken and gives up its own.
//! So what is left is removed at the next start, unless somebody has it open. The id in the name is
//! no proof of that: ids come again, and processes of two containers may share a folder and have the
//! same. Whoever makes a file holds its lock, and the lock goes with the process.

use std::fs::{self, File};
use std::path::Path;

/// Removes the files in `folder` that are named `prefix` and a number, and that nobody has locked.
///
/// What cannot be removed is no reason not to start.
pub(super) fn remove(folder: &Path, prefix: &str) {
    let Ok(names) = fs::read_dir(folder) else { return };
    for name in names.filter_map(Result::ok) {
        let is_left =
            name.file_name().to_str().and_then(|name| name.strip_prefix(prefix)).is_some_and(
                |process| !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit()),
            );
        if !is_left || !name.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let path = name.path();
        let Ok(file) = File::options().read(true).write(true).open(&path) else { continue };
        // Held until the name is gone, so that nobody begins to use it meanwhile.
        if file.try_lock().is_ok() && fs::remove_file(&path).is_ok() {
            tracing::info!(file = %path.display(), "removed what a killed start left behind");
        }
    }
}
