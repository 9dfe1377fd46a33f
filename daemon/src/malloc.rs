//! How glibc's allocator is told to keep little: arenas apart for what stays and what passes, large blocks straight from
//! the kernel.

/// To be called once, before any thread starts. Without glibc it does nothing.
pub fn set_up() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "glibc has no safe interface for it")]
    // SAFETY: `mallopt` takes plain numbers; no other thread runs yet that could allocate at the same time.
    unsafe {
        // In one arena the paths of watched directories, which stay, would lie between what a walk and the store need for
        // a moment, and hold fast nearly every page of it. Asleep at a million files, 32,000 of its directories watched:
        // 39 MB with one arena, 21 with eight, 22 with 24; at 20,000 files one and eight are alike, 32 cost 1 MB more.
        libc::mallopt(libc::M_ARENA_MAX, 8);
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
