//! The daemon as a library, so that tests can drive its stages.
