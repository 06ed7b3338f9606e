//! What the kernel knows about this process.

use std::fs;

/// Memory of the process that is in RAM, in bytes; `None` where the kernel does not tell.
///
/// # Sources
///
/// Documented: proc(5), `VmRSS` of `/proc/self/status`, in kB.
pub(super) fn resident_bytes() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(parse("Name:\tx\nVmRSS:\t    1234 kB\nVmData: 1 kB\n"), Some(1_263_616));
        assert_eq!(parse("Name:\tx\n"), None);
    }
}
