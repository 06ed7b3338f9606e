//! A file that is only looked at: what is written to it stays in memory.
//!
//! redb recovers a file that was not closed in order by writing to it, and verifies only what it
//! may write to. Over this it does both, and the file stays as it is, byte for byte. The lock is a
//! shared one: it keeps servers out, and lets others look.

use std::collections::HashMap;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// A file with pages over it.
#[derive(Debug)]
pub(super) struct Overlay {
    file: FileBackend,
    layer: Mutex<Layer>,
}

#[derive(Debug)]
struct Layer {
    /// Length as redb sees it.
    len: u64,
    /// How much of the file still shows where no page is; zeros behind.
    shown: u64,
    pages: HashMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// Nothing is over `file` yet.
    pub(super) fn new(file: FileBackend) -> io::Result<Self> {
        let len = file.len()?;
        Ok(Self { file, layer: Mutex::new(Layer { len, shown: len, pages: HashMap::new() }) })
    }

    fn layer(&self) -> MutexGuard<'_, Layer> {
        // Nothing panics between two changes that belong together.
        self.layer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills `out` with the bytes of the file at `offset`, as far as they show.
    fn below(&self, layer: &Layer, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = layer.shown.saturating_sub(offset);
        let there = usize::try_from(there).unwrap_or(usize::MAX).min(out.len());
        let (file, zeros) = out.split_at_mut(there);
        zeros.fill(0);
        if file.is_empty() { Ok(()) } else { self.file.read(offset, file) }
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.layer().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let layer = self.layer();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > layer.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.below(&layer, offset, out)?;
        for piece in pieces(offset, out.len()) {
            let target = out.get_mut(piece.taken..piece.taken + piece.length);
            if let Some(page) = layer.pages.get(&piece.page)
                && let Some(source) = page.get(piece.start..piece.start + piece.length)
                && let Some(target) = target
            {
                target.copy_from_slice(source);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut layer = self.layer();
        if len < layer.len {
            layer.shown = layer.shown.min(len);
            layer.pages.retain(|page, _| page * PAGE as u64 <= len);
            // What was behind the end does not come back when the file grows again.
            let (last, kept) = (len / PAGE as u64, usize::try_from(len % PAGE as u64));
            if let (Some(page), Ok(kept)) = (layer.pages.get_mut(&last), kept) {
                page.iter_mut().skip(kept).for_each(|byte| *byte = 0);
            }
        }
        layer.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut layer = self.layer();
        for piece in pieces(offset, data.len()) {
            if !layer.pages.contains_key(&piece.page) {
                if layer.pages.len() >= MAX_PAGES {
                    return Err(io::Error::other("looking at the file takes too much memory"));
                }
                let mut page = vec![0; PAGE];
                self.below(&layer, piece.page * PAGE as u64, &mut page)?;
                layer.pages.insert(piece.page, page.into());
            }
            let source = data.get(piece.taken..piece.taken + piece.length);
            if let Some(page) = layer.pages.get_mut(&piece.page)
                && let Some(target) = page.get_mut(piece.start..piece.start + piece.length)
                && let Some(source) = source
            {
                target.copy_from_slice(source);
            }
        }
        layer.len = layer.len.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

/// The part of a run of bytes that lies in one page.
struct Piece {
    page: u64,
    /// Where in the page it starts.
    start: usize,
    /// How many bytes of the run come before it.
    taken: usize,
    length: usize,
}

fn pieces(offset: u64, length: usize) -> impl Iterator<Item = Piece> {
    let mut taken = 0;
    std::iter::from_fn(move || {
        let at = offset + taken as u64;
        let start = usize::try_from(at % PAGE as u64).unwrap_or_default();
        let piece = Piece {
            page: at / PAGE as u64,
            start,
            taken,
            length: (PAGE - start).min(length - taken),
        };
        taken += piece.length;
        (piece.length > 0).then_some(piece)
    })
}

const PAGE: usize = 4096;

/// Most pages over a file: 256 MiB. What redb writes when it opens and closes a file is its header
/// and which of its pages are free, about 2 MiB for 64 GiB.
const MAX_PAGES: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use std::fs::File;

    use tempfile::NamedTempFile;

    use super::*;

    /// Random writes and lengths over a file, against a vector.
    #[test]
    fn an_overlay_reads_as_a_file_would_and_leaves_it_alone() {
        let file = NamedTempFile::new().unwrap();
        let before: Vec<u8> = (0..20_000_u32).map(|byte| (byte % 251) as u8).collect();
        std::fs::write(file.path(), &before).unwrap();
        let backend = FileBackend::new(File::open(file.path()).unwrap()).unwrap();
        let overlay = Overlay::new(backend).unwrap();
        let mut model = before.clone();
        let mut random = 1_u64;
        let mut draw = move |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(random >> 33).unwrap() % below
        };
        for round in (0..=u8::MAX).cycle().take(2000) {
            if draw(10) == 0 {
                let len = draw(30_000);
                overlay.set_len(len as u64).unwrap();
                model.resize(len, 0);
            }
            let (from, to) = (draw(model.len() + 1), draw(model.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            if draw(2) == 0 {
                let data = vec![round; to - from];
                overlay.write(from as u64, &data).unwrap();
                model[from..to].copy_from_slice(&data);
            } else {
                let mut out = vec![9; to - from];
                overlay.read(from as u64, &mut out).unwrap();
                assert_eq!(out, model[from..to], "round {round}, {from}..{to}");
            }
            assert_eq!(overlay.len().unwrap(), model.len() as u64);
        }
        assert!(overlay.read(model.len() as u64, &mut [0]).is_err());
        assert_eq!(std::fs::read(file.path()).unwrap(), before);
    }
}
