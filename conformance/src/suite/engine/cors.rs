//! Pages of other origins: what browsers have to be told before they let them talk to us.

use crate::{
    rule::{Rule, Source},
    scenario::needs::feature,
    scenarios,
    stage::{Reply, Stage},
    verdict::Check,
};

const PREFLIGHT: Rule = Rule::docs(
    "engine/cors/preflight",
    Source::docs("handling-cors"),
    "A preflight request is answered with the origins that are allowed.",
)
.broken_by(&["preflight-refused"])
.users("Browsers refuse to connect from a page of another origin.");

const ANSWER: Rule = Rule::docs(
    "engine/cors/answer",
    Source::docs("handling-cors"),
    "The answer to a handshake names the origins that are allowed.",
)
.broken_by(&["cors-header-missing"])
.users("Browsers refuse to connect from a page of another origin.");

const REFUSAL: Rule = Rule::reference(
    "engine/cors/refusal",
    Source::observed("refusals have the same CORS headers as other answers"),
    "A refusal names the origins that are allowed too.",
)
.broken_by(&["cors-header-missing-on-refusals", "sid-unknown-opens-session"])
.users("A page of another origin learns of no error but that it was not let through.");

scenarios! {
    PREFLIGHT => a_preflight_is_answered over [Polling] needs [feature("cors")];
    ANSWER => the_answer_names_origins over [Polling] needs [feature("cors")];
    REFUSAL => a_refusal_names_origins over [Polling] needs [feature("cors")];
}

const POLLING: &str = "EIO=4&transport=polling";
/// The origin of a page that our requests come from.
pub(in crate::suite) const ORIGIN: &str = "http://page.example";

async fn a_preflight_is_answered(stage: &mut Stage) -> Check {
    let headers = [
        ("origin", ORIGIN),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let reply = stage.request_with("OPTIONS", POLLING, &headers, None).await?;
    reply.demand((200..300).contains(&reply.status), "status 204")?;
    names_origin(stage, &reply)
}

async fn the_answer_names_origins(stage: &mut Stage) -> Check {
    let reply = stage.request_with("GET", POLLING, &[("origin", ORIGIN)], None).await?;
    reply.has_status(200)?;
    names_origin(stage, &reply)
}

async fn a_refusal_names_origins(stage: &mut Stage) -> Check {
    let query = format!("{POLLING}&sid=AAAAAAAAAAAAAAAAAAAA");
    let reply = stage.request_with("GET", &query, &[("origin", ORIGIN)], None).await?;
    reply.is_refusal()?;
    names_origin(stage, &reply)
}

/// Demands that an answer to [`ORIGIN`] allows it.
pub(in crate::suite) fn names_origin(stage: &Stage, reply: &Reply) -> Check {
    let named =
        reply.header("access-control-allow-origin").unwrap_or("no Access-Control-Allow-Origin").to_owned();
    let expected = format!("Access-Control-Allow-Origin: * or {ORIGIN}");
    stage.demand(["*", ORIGIN].contains(&&*named), &expected, named, reply.at)
}
