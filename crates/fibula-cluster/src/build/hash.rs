//! A hash that is the same on every machine and in every version: answers rest on it.

/// FNV-1a over the parts, which are told apart, folded so that its low bits are good.
pub(super) fn hash(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash ^ (hash >> 29)
}

/// An index below `len`, which is not 0, by the hash of the parts.
pub(super) fn index(parts: &[&str], len: usize) -> usize {
    usize::try_from(hash(parts) % len.max(1) as u64).unwrap_or(0)
}
