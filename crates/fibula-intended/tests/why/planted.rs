//! What compares offers with brute force notices where they lie.
