//! The daemon as a library, so that tests can drive its stages.

pub mod args;
pub mod bus;
pub mod codec;
pub mod config;
pub mod control;
pub mod crawl;
pub mod engine;
pub mod extract_command;
pub mod governor;
pub mod logging;
pub mod malloc;
pub mod metrics;
pub mod model;
pub mod mount;
pub mod mountinfo;
pub mod plan;
pub mod proto;
pub mod queue;
pub mod readers;
pub mod run;
pub mod serve;
#[cfg(test)]
mod sim;
pub mod store;
pub mod watch;
pub mod worker;
