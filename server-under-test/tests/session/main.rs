//! The state machines on a fake clock: no IO, no sleeping, one behaviour a file.

mod rig;

mod robustness;

mod acks;
mod close;
mod connect;
mod delivery_model;
mod faults;
mod heartbeat;
mod limits;
mod messagepack;
mod namespaces;
mod operators;
mod polling_overlap;
mod polling_payload;
mod recovery;
mod upgrade_completes;
mod upgrade_fails;
mod version_three;
mod watch;
