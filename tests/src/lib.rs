//! Shared parts of the tests from outside.
