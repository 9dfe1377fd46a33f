//! How glibc's allocator is told to keep little: arenas apart for what stays and what passes, large blocks straight from
//! the kernel. And how much of it a thread has in use: a worker says what a file took.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// The system's allocator, which counts for each thread.
#[derive(Debug)]
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Bytes this thread has asked for and not given back; below zero where it gives back what others asked for. Wraps.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// The most of it since it was last set to what is held.
    static MOST: Cell<isize> = const { Cell::new(0) };
    /// What was held then.
    static BEFORE: Cell<isize> = const { Cell::new(0) };
}

/// From here on, [`most`] counts for this thread.
pub fn weigh() {
    let held = HELD.get();
    MOST.set(held);
    BEFORE.set(held);
}

/// Bytes that this thread has held at most at once since [`weigh`], beyond what it held then.
pub fn most() -> u64 {
    u64::try_from(MOST.get().wrapping_sub(BEFORE.get())).unwrap_or(0)
}

fn count(more: usize, less: usize) {
    // A thread that ends has no counters any more, and nobody who asks.
    _ = HELD.try_with(|held| {
        let now = held.get().wrapping_add_unsigned(more).wrapping_sub_unsigned(less);
        held.set(now);
        _ = MOST.try_with(|most| most.set(most.get().max(now)));
    });
}

#[expect(unsafe_code, reason = "there is no safe way to stand before the allocator")]
// SAFETY: every call goes to the system's allocator as it came. Counting allocates nothing: the counters are plain numbers
// that need neither a first use nor an end.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.realloc(block, layout, size) }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_held_at_once_is_counted_and_what_others_do_is_not() {
        let before = vec![1_u8; 1 << 20];
        weigh();
        let mut block = Vec::<u8>::with_capacity(1000);
        std::thread::spawn(|| drop(vec![1_u8; 1 << 20])).join().expect("it does not panic");
        block.reserve_exact(200_000);
        drop((before, block));
        let small = Box::new([1_u8; 10]);
        assert!((200_000..210_000).contains(&most()), "{} bytes, and {}", most(), small.len());
        weigh();
        assert_eq!(most(), 0);
    }
}
