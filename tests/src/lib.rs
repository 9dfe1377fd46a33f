//! Shared parts of the tests from outside.

pub mod agree;
pub mod attacks;
pub mod disk;
pub mod engine;
pub mod exposition;
pub mod faulty;
pub mod instance;
pub mod machine;
pub mod mounting;
pub mod process;
pub mod samples;
