//! How much of something: fractions of one.

/// A part of a whole, in lowest terms: one of three connections is 1 of 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub part: u64,
    /// Of how many, at least one.
    pub of: u64,
}

/// Above this a whole is rounded: nobody tells 1 of 4,000,000,001 from 1 of 4,000,000,000.
const MOST: u128 = u32::MAX as u128;

// === impl Share ===

impl Share {
    /// All.
    pub const WHOLE: Share = Share { part: 1, of: 1 };
    /// Nothing.
    pub const NONE: Share = Share { part: 0, of: 1 };

    /// One of so many equal parts of it.
    #[must_use]
    pub fn one_of(self, parts: u64) -> Share {
        lowest(self.part.into(), u128::from(self.of) * u128::from(parts.max(1)))
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Share) -> Share {
        let [a, b, c, d] = [self.part, self.of, other.part, other.of].map(u128::from);
        lowest(a * d + c * b, b * d)
    }

    /// Whether it is everything.
    pub fn is_whole(self) -> bool {
        self.part >= self.of
    }
}

fn lowest(mut part: u128, mut of: u128) -> Share {
    let common = gcd(part, of).max(1);
    (part, of) = (part / common, of / common);
    while of > MOST {
        // Never rounded to nothing, nor up to everything.
        (part, of) = ((part >> 1).max(1), of >> 1);
    }
    Share { part: part as u64, of: of.max(1) as u64 }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_lowest_terms() {
        let third = Share::WHOLE.one_of(3);
        assert_eq!(third, Share { part: 1, of: 3 });
        assert_eq!(third.and(third), Share { part: 2, of: 3 });
        assert!(third.and(third).and(third).is_whole());
        assert_eq!(Share::NONE.and(third.one_of(2)), Share { part: 1, of: 6 });
    }

    #[test]
    fn what_is_tiny_is_rounded_and_never_nothing() {
        let tiny = Share::WHOLE.one_of(u64::MAX).one_of(u64::MAX);
        assert!(tiny.part == 1 && tiny.of > 1_000_000_000, "{tiny:?}");
        assert!(!tiny.and(tiny).is_whole());
    }
}
