//! How glibc's allocator is told to keep little: one arena, large blocks straight from the kernel.

/// To be called once, before any thread starts. Without glibc it does nothing.
pub fn set_up() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "glibc has no safe interface for it")]
    // SAFETY: `mallopt` takes plain numbers; no other thread runs yet that could allocate at the same time.
    unsafe {
        // An arena for each thread would each keep its own peak.
        libc::mallopt(libc::M_ARENA_MAX, 1);
        // A fixed threshold; glibc's own grows with use, and what lies below it fragments the heap.
        libc::mallopt(libc::M_MMAP_THRESHOLD, 256 << 10);
    }
}

/// Gives free memory back to the kernel; for after a burst, it takes a millisecond or so.
pub fn trim() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "glibc has no safe interface for it")]
    // SAFETY: `malloc_trim` takes the allocator's own lock and touches free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
}
