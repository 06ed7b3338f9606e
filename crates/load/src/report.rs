//! Rows as an aligned table, and numbers with their units.

use std::collections::BTreeMap;
use std::io::{self, Write};

/// A line of a table: what, and how much.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    label: &'static str,
    value: String,
}

pub(crate) fn row(label: &'static str, value: String) -> Row {
    Row { label, value }
}

/// Writes a heading, the rows in two aligned columns, and what went wrong.
///
/// # Errors
///
/// Those of the writer.
pub fn write_table(
    out: &mut impl Write,
    heading: &str,
    rows: &[Row],
    errors: &BTreeMap<String, u64>,
) -> io::Result<()> {
    let width = rows.iter().map(|row| row.label.len()).max().unwrap_or(0);
    writeln!(out, "{heading}")?;
    for Row { label, value } in rows {
        writeln!(out, "  {label:width$}  {value}")?;
    }
    for (error, count) in errors {
        writeln!(out, "  {count} x {error}")?;
    }
    Ok(())
}

/// `1.2 s`.
pub(crate) fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

/// `1.23 ms`.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn micros(us: u64) -> String {
    format!("{:.2} ms", us as f64 / 1000.0)
}

/// `1.2 MiB`.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

/// `1.23 KiB`.
pub(crate) fn kibibytes(bytes: f64) -> String {
    format!("{:.2} KiB", bytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_errors_follow() {
        let rows = [row("a", seconds(1.25)), row("longer", micros(1234))];
        let errors = BTreeMap::from([("it broke".to_owned(), 2)]);
        let mut out = Vec::new();
        write_table(&mut out, "hold", &rows, &errors).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "hold\n  a       1.2 s\n  longer  1.23 ms\n  2 x it broke\n"
        );
    }

    #[test]
    fn numbers_have_units() {
        assert_eq!(mebibytes(3 << 19), "1.5 MiB");
        assert_eq!(kibibytes(1536.0), "1.50 KiB");
    }
}
