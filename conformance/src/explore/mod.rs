//! Random, legal histories of several clients, judged by the delivery checker.
//!
//! A [`Plan`] is a list of steps that any seed makes again. It is acted out before a server ([`act_out`]), what was seen
//! is judged by [`crate::history`], and a plan that shows an anomaly is acted out again until it is certain, made as small
//! as it can be ([`shrink()`]), and written down so that `siospec replay` plays it.

mod act;
mod board;
mod generate;
mod marks;
mod members;
mod peer;
mod plan;
mod run;
mod script;
mod shape;
mod shrink;
mod ways;

pub use self::{
    act::{Played, act_out},
    generate::{Recipe, generate},
    plan::{Act, Answers, Audience, Id, Operators, Place, Plan, Step},
    run::{Found, Ground, Limits, Progress, Report, Told, explore},
    shape::{Piece, Shape},
    shrink::{Shows, Shrunk, shrink},
    ways::Ways,
};
