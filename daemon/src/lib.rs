//! The daemon as a library, so that tests can drive its stages.

pub mod bus;
pub mod codec;
pub mod config;
pub mod control;
pub mod crawl;
pub mod engine;
pub mod model;
pub mod plan;
pub mod queue;
pub mod store;
pub mod watch;
