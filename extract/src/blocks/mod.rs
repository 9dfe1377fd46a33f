//! Metadata blocks that several containers hold. One file each; bytes in, tags out.
