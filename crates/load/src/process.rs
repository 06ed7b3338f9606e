//! Memory and CPU time of a process, from `/proc`.
//!
//! Memory is `VmRSS` of `/proc/<pid>/status`, in whole KiB. CPU time is user plus system time of
//! all threads, from `/proc/<pid>/stat`, which counts in ticks of 10 ms on usual kernels.
//!
//! # Sources
//!
//! Documented: proc(5).

use std::fmt;
use std::io;
use std::time::Duration;

/// A process on this machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Process(u32);

impl Process {
    /// The process of this id, which must be alive.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] if there is no such process or it may not be looked at.
    pub fn new(pid: u32) -> Result<Self, ProcessError> {
        let process = Self(pid);
        process.resident_bytes()?;
        process.cpu_time()?;
        Ok(process)
    }

    /// This process itself.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] where there is no `/proc`.
    pub fn own() -> Result<Self, ProcessError> {
        Self::new(std::process::id())
    }

    /// The resident set, in bytes.
    ///
    /// # Errors
    ///
    /// [`ProcessError`], for instance when the process has ended.
    pub fn resident_bytes(self) -> Result<u64, ProcessError> {
        parse_resident(&self.read("status")?).ok_or(ProcessError::Format(self.0))
    }

    /// User and system time of all threads since the start of the process.
    ///
    /// # Errors
    ///
    /// [`ProcessError`], for instance when the process has ended.
    pub fn cpu_time(self) -> Result<Duration, ProcessError> {
        let ticks = parse_ticks(&self.read("stat")?).ok_or(ProcessError::Format(self.0))?;
        let micros = ticks * 1_000_000 / rustix::param::clock_ticks_per_second().max(1);
        Ok(Duration::from_micros(micros))
    }

    fn read(self, file: &str) -> Result<String, ProcessError> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.0))
            .map_err(|source| ProcessError::Unreadable { pid: self.0, source })
    }
}

fn parse_resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Fields 14 and 15; the second one is a name in brackets that may contain anything.
fn parse_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Why a process cannot be measured.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessError {
    /// Its files cannot be read; most likely it has ended.
    Unreadable {
        /// The process.
        pid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// Its files do not say what they should.
    Format(u32),
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { pid, .. } => write!(f, "process {pid} cannot be looked at"),
            Self::Format(pid) => write!(f, "/proc/{pid} has no memory or CPU time"),
        }
    }
}

impl std::error::Error for ProcessError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } => Some(source),
            Self::Format(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_status() {
        let status = "Name:\tencke\nVmPeak:\t  999 kB\nVmRSS:\t   12345 kB\nRssAnon:\t 1 kB\n";
        assert_eq!(parse_resident(status), Some(12_345 * 1024));
        assert_eq!(parse_resident("Name:\tkthread\n"), None);
    }

    #[test]
    fn ticks_are_read_behind_any_name() {
        let stat = "42 (a ) b (c) 1 2) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 8 20 0 9 0 1 2 3";
        assert_eq!(parse_ticks(stat), Some(300));
        assert_eq!(parse_ticks("42 (x) S 1"), None);
    }

    #[test]
    fn this_process_has_memory() {
        let own = Process::own().unwrap();
        assert!(own.resident_bytes().unwrap() > 100_000);
        assert!(own.cpu_time().unwrap() < Duration::from_secs(1 << 20));
    }

    #[test]
    fn no_process_is_an_error() {
        assert!(matches!(Process::new(u32::MAX), Err(ProcessError::Unreadable { .. })));
    }
}
