//! Shared parts of the tests from outside.

pub mod engine;
