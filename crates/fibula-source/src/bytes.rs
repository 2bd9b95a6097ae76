//! The bytes of a file, however it holds them: regular files, pipes, what is packed. All of it ends
//! somewhere.

use std::fs::{self, File, FileType};
use std::io::{self, Read as _};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use rayon::prelude::*;

/// The most bytes that one compressed file may hold.
const MOST_UNPACKED: u64 = 8 << 30;
/// How many times its own size a compressed file may hold: dumps come to some 30 times, the worst
/// that gzip can do is 1,032.
const MOST_RATIO: u64 = 250;
/// What a compressed file may hold in any case.
const SMALL: u64 = 64 << 20;
/// The most bytes that are read from a device: who names one means a terminal.
const MOST_OF_DEVICE: u64 = 16 << 20;
/// Files of more than two pieces of this size are read piece by piece.
const PIECE: usize = 16 << 20;

/// The bytes of a file.
pub(crate) fn of(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    if is_device(metadata.file_type()) {
        let mut bytes = vec![];
        File::open(path)?.take(MOST_OF_DEVICE).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == MOST_OF_DEVICE {
            return Err(io::Error::other("a device that does not end"));
        }
        return Ok(bytes);
    }
    match usize::try_from(metadata.len()) {
        Ok(length) if metadata.is_file() && length > 2 * PIECE => big(path, length),
        // A pipe, too: whoever writes into it ends it.
        _ => fs::read(path),
    }
}

#[cfg(unix)]
fn is_device(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: FileType) -> bool {
    false
}

/// A big file is read in pieces at once: most of the time goes into the memory that it fills for the
/// first time, which each core can do for its own piece.
#[cfg(unix)]
fn big(path: &Path, length: usize) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let file = File::open(path)?;
    let mut bytes = vec![0; length];
    bytes
        .par_chunks_mut(PIECE)
        .enumerate()
        .try_for_each(|(i, piece)| file.read_exact_at(piece, (i * PIECE) as u64))?;
    Ok(bytes)
}

#[cfg(not(unix))]
fn big(path: &Path, _: usize) -> io::Result<Vec<u8>> {
    fs::read(path)
}

/// Whether bytes are packed, by gzip.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Bytes as they are, or what they hold if they are packed.
pub(crate) fn unpacked(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    if !is_packed(&bytes) {
        return Ok(bytes);
    }
    let most = (bytes.len() as u64 * MOST_RATIO).clamp(SMALL, MOST_UNPACKED);
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(&bytes[..]).take(most).read_to_end(&mut unpacked)?;
    if unpacked.len() as u64 == most {
        let got = format!("more than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, got));
    }
    Ok(unpacked)
}

/// What went wrong, in the system's words, without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
