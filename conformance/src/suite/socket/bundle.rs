//! The client for browsers, served below the Socket.IO path: a server need not serve one.

use std::io::Read as _;

use flate2::read::{GzDecoder, ZlibDecoder};

use crate::{
    rule::{Rule, Source},
    scenario::{Need, needs::feature},
    scenarios,
    stage::{Reply, Stage},
    suite::engine::cors::{ORIGIN, names_origin},
    verdict::{Check, SetUp, Stop, expecting},
};

const SERVED: Rule = Rule::docs(
    "socket/bundle/served",
    Source::docs("client-installation: standalone build"),
    "The client is served below the path, under the name socket.io.js, and declared as JavaScript.",
)
.broken_by(&["client-not-served", "client-as-plain-text"])
.users("Pages that load the client from their server do not start.");

const OTHERS: Rule = Rule::docs(
    "socket/bundle/others",
    Source::docs("client-installation: standalone build"),
    "So are its other builds: socket.io.min.js, socket.io.esm.min.js and socket.io.msgpack.min.js.",
)
.broken_by(&["client-bundles-missing", "client-as-plain-text"])
.users("Pages that load the client from their server do not start.");

const MAPS: Rule = Rule::should(
    "socket/bundle/maps",
    Source::observed("each build of the client has a map beside it, declared as JSON"),
    "Each build has its source map, behind its name the ending .map, which is JSON and declared as such.",
)
.broken_by(&["client-maps-as-scripts"])
.users("Debuggers in browsers show the client as one long line.");

const UNKNOWN: Rule = Rule::reference(
    "socket/bundle/unknown",
    Source::observed(
        "names that are no file of the client are refused as any request without a transport is",
    ),
    "A name that is no file of the client is refused.",
)
.broken_by(&["client-unknown-empty"])
.users("A page whose script has a wrong name loads an empty one, and nobody says why it does not start.");

const QUERY: Rule = Rule::reference(
    "socket/bundle/query",
    Source::observed("the query behind the name of a file is not looked at"),
    "A query behind the name of a file changes nothing.",
)
.broken_by(&["client-query-counts"])
.users("Pages that name a version behind the script, to get past caches, do not start.");

const OUTSIDE: Rule = Rule::reference(
    "socket/bundle/outside",
    Source::observed("a path that leads out of the folder of the client is no file of the client"),
    "No path leads out of the folder that the client is in.",
)
.broken_by(&["client-path-escapes"])
.users("Anybody can read the files of the server.");

const TAG: Rule = Rule::should(
    "socket/bundle/tag",
    Source::observed("files carry an ETag, and Cache-Control: public, max-age=0"),
    "A file of the client has a tag, and caches are told to ask whether it is still the same.",
)
.broken_by(&["client-untagged", "client-kept"])
.users("After an update of the server, browsers go on with the client of the one before.");

const NOT_MODIFIED: Rule = Rule::should(
    "socket/bundle/not-modified",
    Source::observed("a request with the tag of the file, strong or weak, is answered 304 without a body"),
    "Who has the file with this tag already, in its strong or its weak form, is told so, and not sent it again.",
)
.broken_by(&["client-weak-tag-unknown"]);

const MODIFIED: Rule = Rule::reference(
    "socket/bundle/modified",
    Source::observed("a request with another tag is answered with the file"),
    "Who has the file with another tag is sent it.",
)
.broken_by(&["client-never-changes"])
.users("After an update of the server, browsers go on with the client of the one before.");

const COMPRESSED: Rule = Rule::should(
    "socket/bundle/compressed",
    Source::observed("files are compressed as Accept-Encoding asks"),
    "Who accepts gzip, or deflate alone, is sent the client compressed.",
)
.broken_by(&["client-uncompressed", "compression-undeclared"]);

const CODING: Rule = Rule::reference(
    "socket/bundle/coding",
    Source::observed("Content-Encoding names the coding, one that the client accepts"),
    "The client arrives whole in whatever coding is declared, and in none that was not accepted.",
)
.broken_by(&["compression-undeclared"])
.users("Browsers cannot read the script.");

const CORS: Rule = Rule::reference(
    "socket/bundle/cors",
    Source::observed("from 4.7.0, files have the same CORS headers as other answers"),
    "The answer with a file names the origins that are allowed.",
)
.broken_by(&["client-without-cors"])
.users("Pages of another origin cannot import the client as a module.");

/// The server serves a client.
const BUNDLE: Need = feature("client-bundle");

scenarios! {
    SERVED => the_client_is_served over [Polling] needs [BUNDLE];
    OTHERS => so_are_its_other_builds over [Polling] needs [BUNDLE];
    MAPS => builds_have_maps over [Polling] needs [BUNDLE];
    UNKNOWN => other_names_are_refused over [Polling] needs [BUNDLE];
    QUERY => a_query_changes_nothing over [Polling] needs [BUNDLE];
    OUTSIDE => nothing_else_is_served over [Polling] needs [BUNDLE];
    TAG => files_have_tags over [Polling] needs [BUNDLE];
    NOT_MODIFIED => what_is_known_is_not_sent over [Polling] needs [BUNDLE];
    MODIFIED => what_is_not_known_is_sent over [Polling] needs [BUNDLE];
    COMPRESSED => it_is_compressed over [Polling] needs [BUNDLE];
    CODING => it_is_what_it_says over [Polling] needs [BUNDLE];
    CORS => the_file_names_origins over [Polling] needs [BUNDLE, feature("cors")];
}

/// The name that every server with a client serves it under.
const SCRIPT: &str = "socket.io.js";
/// The smallest of the builds that there have always been.
const SMALL: &str = "socket.io.min.js";
const OTHER_SCRIPTS: [&str; 3] = [SMALL, "socket.io.esm.min.js", "socket.io.msgpack.min.js"];

async fn the_client_is_served(stage: &mut Stage) -> Check {
    is_script(&file(stage, SCRIPT, &[]).await?)
}

async fn so_are_its_other_builds(stage: &mut Stage) -> Check {
    for name in OTHER_SCRIPTS {
        is_script(&file(stage, name, &[]).await?)?;
    }
    Ok(())
}

async fn builds_have_maps(stage: &mut Stage) -> Check {
    for name in [SCRIPT].into_iter().chain(OTHER_SCRIPTS) {
        // That a build is missing is a rule of its own.
        if file(stage, name, &[]).await?.status != 200 {
            continue;
        }
        let map = file(stage, &format!("{name}.map"), &[]).await?;
        map.has_status(200)?;
        is_declared_as(&map, &["application/json"])?;
        map.demand(serde_json::from_slice::<serde_json::Value>(&map.body).is_ok(), "a source map in JSON")?;
    }
    Ok(())
}

async fn other_names_are_refused(stage: &mut Stage) -> Check {
    file(stage, "foo.js", &[]).await?.is_refusal()?;
    // Builds that do not exist; a server may have them all the same.
    for name in ["socket.io.esm.js", "socket.io.msgpack.js"] {
        const WANT: &str = "a refusal, or a file";
        let reply = file(stage, name, &[]).await.map_err(|stop| expecting(stop, WANT))?;
        let is_file = reply.status == 200 && !reply.body.is_empty();
        reply.demand(is_file || (400..500).contains(&reply.status), WANT)?;
    }
    Ok(())
}

async fn a_query_changes_nothing(stage: &mut Stage) -> Check {
    let plain = served(stage, SMALL, &[]).await?;
    let queried = file(stage, &format!("{SMALL}?v=1"), &[]).await?;
    queried.demand(queried.status == 200 && queried.body == plain.body, "the same file as without the query")
}

async fn nothing_else_is_served(stage: &mut Stage) -> Check {
    served(stage, SMALL, &[]).await?;
    for path in [
        "../package.json",
        "../../package.json",
        "%2e%2e/package.json",
        "..%2fpackage.json",
        "..%5cpackage.json",
        "socket.io.js/../../package.json",
    ] {
        let mut raw = stage.raw().await?;
        raw.head("GET", &format!("/{path}"), "Connection: close\r\n").await?;
        // Hanging up is an answer too.
        if let Ok(reply) = raw.reply().await {
            reply.demand(!(200..300).contains(&reply.status), "no file from outside of the folder")?;
        }
    }
    Ok(())
}

async fn files_have_tags(stage: &mut Stage) -> Check {
    served(stage, SMALL, &[]).await?;
    for name in [SCRIPT].into_iter().chain(OTHER_SCRIPTS) {
        let reply = file(stage, name, &[]).await?;
        // That a build is missing is a rule of its own.
        if reply.status != 200 {
            continue;
        }
        let tag = reply.header("etag").unwrap_or("no ETag").to_owned();
        let quoted = tag.strip_prefix("W/").unwrap_or(&tag);
        let is_tag = quoted.len() > 2 && quoted.starts_with('"') && quoted.ends_with('"');
        stage.demand(is_tag, "an ETag between quotation marks", tag, reply.at)?;
        let caching = reply.header("cache-control").unwrap_or("no Cache-Control").to_owned();
        let asks = ["no-cache", "no-store", "max-age=0"].iter().any(|word| caching.contains(word));
        stage.demand(asks, "Cache-Control: public, max-age=0", caching, reply.at)?;
    }
    Ok(())
}

async fn what_is_known_is_not_sent(stage: &mut Stage) -> Check {
    let reply = served(stage, SMALL, &[]).await?;
    let untagged = || Stop::Inconclusive("the file has no tag".to_owned());
    let tag = reply.header("etag").ok_or_else(untagged)?;
    let strong = tag.strip_prefix("W/").unwrap_or(tag);
    for known in [strong.to_owned(), format!("W/{strong}")] {
        let again = file(stage, SMALL, &[("if-none-match", &known)]).await?;
        let holds = again.status == 304 && again.body.is_empty();
        again.demand(holds, &format!("status 304 without a body, to who knows {known}"))?;
    }
    Ok(())
}

async fn what_is_not_known_is_sent(stage: &mut Stage) -> Check {
    let plain = served(stage, SMALL, &[]).await?;
    let again = file(stage, SMALL, &[("if-none-match", r#""another""#)]).await?;
    again.demand(again.status == 200 && again.body == plain.body, "the file")
}

async fn it_is_compressed(stage: &mut Stage) -> Check {
    for accepted in ["gzip", "deflate"] {
        let reply = served(stage, SMALL, &[("accept-encoding", accepted)]).await?;
        let coding = coding(&reply);
        stage.demand(coding == accepted, &format!("Content-Encoding: {accepted}"), coding, reply.at)?;
    }
    Ok(())
}

async fn it_is_what_it_says(stage: &mut Stage) -> Check {
    let plain = served(stage, SMALL, &[]).await?;
    for accepted in ["gzip", "deflate", "br"] {
        let reply = served(stage, SMALL, &[("accept-encoding", accepted)]).await?;
        let coding = coding(&reply);
        let holds = match coding.as_str() {
            "identity" => reply.body == plain.body,
            other if other != accepted => false,
            "gzip" => holds(GzDecoder::new(&*reply.body), &plain.body),
            "deflate" => holds(ZlibDecoder::new(&*reply.body), &plain.body),
            // Of Brotli only that it is not the file as it is.
            _ => !reply.body.is_empty() && reply.body != plain.body,
        };
        let shown = format!("Content-Encoding {coding}, and {} bytes", reply.body.len());
        stage.demand(holds, &format!("the file as it is, or in {accepted}"), shown, reply.at)?;
    }
    Ok(())
}

async fn the_file_names_origins(stage: &mut Stage) -> Check {
    let reply = served(stage, SMALL, &[("origin", ORIGIN)]).await?;
    names_origin(stage, &reply)
}

/// Asks for a file below the path.
async fn file(stage: &mut Stage, name: &str, headers: &[(&str, &str)]) -> Check<Reply> {
    stage.request_with("GET", &format!("/{name}"), headers, None).await
}

/// A file of the client, as set-up.
async fn served(stage: &mut Stage, name: &str, headers: &[(&str, &str)]) -> Check<Reply> {
    let reply = file(stage, name, headers).await?;
    reply.has_status(200).set_up("asking for the client")?;
    Ok(reply)
}

fn is_script(reply: &Reply) -> Check {
    reply.demand(reply.status == 200 && !reply.body.is_empty(), "status 200 with a script")?;
    is_declared_as(reply, &["application/javascript", "text/javascript"])
}

/// Demands one of these content types; what follows a semicolon is not looked at.
fn is_declared_as(reply: &Reply, types: &[&str]) -> Check {
    let declared = reply.header("content-type").unwrap_or("no Content-Type");
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let expected = || format!("Content-Type: {}", types.join(" or "));
    types
        .contains(&&*essence)
        .then_some(())
        .ok_or_else(|| Stop::violation(expected(), declared.to_owned(), reply.at))
}

fn coding(reply: &Reply) -> String {
    reply.header("content-encoding").unwrap_or("identity").to_owned()
}

/// Whether this is what comes out, and nothing more.
fn holds(packed: impl std::io::Read, plain: &[u8]) -> bool {
    let mut bytes = Vec::new();
    // What a server sends must not use up our memory.
    let limit = u64::try_from(plain.len()).unwrap_or(u64::MAX).saturating_add(1);
    packed.take(limit).read_to_end(&mut bytes).is_ok() && bytes == plain
}
